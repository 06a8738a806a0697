/** Another order where the usual one is not safe: steps that cannot be done yet are put off. */
import type { Group, Id } from '../../../renderers/renderer.ts'
import { touchedGroups } from './claims.ts'
import type { Draft } from './draft.ts'
import type { Order } from './order.ts'
import type { Precedence } from './precedence.ts'
import { type Demand, isEstablished, progress } from './progress.ts'
import { groupIds, type World } from './world.ts'

/** Sets of steps after which it is tried to go on, at most and per kind of order: more than nine steps have. */
const tries = 1000

/** Whether `draft` may be the next of those that are open, itself included. */
type MayBeNext = (draft: Draft, open: ReadonlySet<Draft>) => boolean

/**
 * The steps in the order given where that is safe; else the first safe order that is found, as close to that one as possible: first among those
 * that keep every rule, then among those that put a part's own order aside, and only then among those in which something dear to lose
 * comes before something cheap. What stands on new steps never comes before them. Null where none is found.
 */
export function deferred(
  world: World,
  drafts: readonly Draft[],
  precedence: Precedence,
  order: Order,
): readonly Draft[] | null {
  const safety = safetyIn(world, drafts, order)
  if (drafts.every((draft, index) => safety.isSafe(draft, drafts.slice(0, index)))) return drafts
  const { physical, strictFirst } = rules(precedence)
  const loose = search(drafts, physical, safety)
  // What is not possible at all need not be tried by stricter rules.
  if (loose === null) return null
  for (const mayBeNext of strictFirst) {
    const found = search(drafts, mayBeNext, safety)
    if (found !== null) return found
  }
  return loose
}

function rules({ classes, waits, stands, compare }: Precedence) {
  const isOpen = (drafts: readonly Draft[], open: ReadonlySet<Draft>) => drafts.some((draft) => open.has(draft))
  const classOf = new Map(classes.flatMap((each) => each.drafts.map((draft) => [draft, each] as const)))
  const after = new Map(classes.map((each) => [each, classes.filter((other) => waits(each, other))]))
  const byLayer: MayBeNext = (draft, open) => {
    const free = classes.filter(
      (each) => isOpen(each.drafts, open) && !after.get(each)?.some((other) => isOpen(other.drafts, open)),
    )
    const own = classOf.get(draft)
    return own !== undefined && free.includes(own) && free.every(({ layer }) => layer >= own.layer)
  }
  const inside: MayBeNext = (draft, open) =>
    !classOf.get(draft)?.drafts.some((other) => open.has(other) && compare(other, draft) < 0)
  const physical: MayBeNext = (draft, open) => ![...open].some((other) => stands(draft, other))
  const layered: MayBeNext = (draft, open) => physical(draft, open) && byLayer(draft, open)
  const strictFirst: readonly MayBeNext[] = [(draft, open) => layered(draft, open) && inside(draft, open), layered]
  return { physical, strictFirst }
}

/**
 * Depth first. What can follow some steps does not depend on the order in which they were done, so each set of them is tried once. A safe step
 * that changes no group's demands is never put off, and where a step stays unsafe whatever is still to come, nothing more is tried.
 */
function search(drafts: readonly Draft[], mayBeNext: MayBeNext, safety: Safety): readonly Draft[] | null {
  const ids = new Map(drafts.map((draft, index) => [draft, index]))
  const dead = new Set<string>()
  let left = tries
  const from = (done: readonly Draft[]): readonly Draft[] | null => {
    const set = new Set(done)
    const open = new Set(drafts.filter((draft) => !set.has(draft)))
    const key = [...open].map((draft) => ids.get(draft)).join()
    if (open.size === 0 || dead.has(key)) return open.size === 0 ? done : null
    dead.add(key)
    left -= 1
    const broken = safety.after(set)
    const unsafe = new Map([...open].map((draft) => [draft, broken(draft)]))
    if (left < 0 || [...unsafe].some(([draft, groups]) => safety.isForever(draft, groups, open))) return null
    const next = [...open].filter((draft) => unsafe.get(draft)?.length === 0 && mayBeNext(draft, open))
    const plain = next.find((draft) => safety.moves(draft).length === 0)
    for (const draft of plain === undefined ? next : [plain]) {
      const found = from([...done, draft])
      if (found !== null) return found
    }
    return null
  }
  return from([])
}

interface Safety {
  isSafe(draft: Draft, done: readonly Draft[]): boolean
  /** Groups that a step, after those that are done, leaves without what they need. */
  after(done: ReadonlySet<Draft>): (draft: Draft) => readonly Id[]
  /** Groups whose members or demands are others after the step. */
  moves(draft: Draft): readonly Id[]
  /** Whether no other open step can make up for that. */
  isForever(draft: Draft, broken: readonly Id[], open: ReadonlySet<Draft>): boolean
}

function safetyIn(world: World, drafts: readonly Draft[], { acceptOutage = [] }: Order): Safety {
  const held = groupIds(world).filter((group) => isEstablished(world, group) && !acceptOutage.includes(group))
  const touched = new Map(
    drafts.map((draft) => [draft, touchedGroups(world, draft, false).filter((group) => held.includes(group))]),
  )
  const moving = new Map(held.map((group) => [group, movingIn(world, group)]))
  const isMoved = (group: Id, { own }: Draft) => own.some((id) => moving.get(group)?.has(id))
  const moved = new Map(drafts.map((draft) => [draft, held.filter((group) => isMoved(group, draft))]))
  const moves = (draft: Draft) => moved.get(draft) ?? []
  const after = (done: ReadonlySet<Draft>) => {
    const now = progress(world, drafts, done)
    return (draft: Draft) =>
      (touched.get(draft) ?? []).filter((group) => now.demands(group, draft).some((each) => isShort(each, draft)))
  }
  return {
    after,
    isSafe: (draft, done) => touched.get(draft)?.length === 0 || after(new Set(done))(draft).length === 0,
    moves,
    isForever: (draft, broken, open) =>
      broken.some((group) => ![...open].some((other) => other !== draft && moves(other).includes(group))),
  }
}

function isShort({ standing, needs }: Demand, draft: Draft): boolean {
  const left = [...standing].filter(([id]) => !draft.away.has(id))
  return left.reduce((sum, [, weight]) => sum + weight, 0) < needs
}

/** Members whose steps change what a group has or needs: those that come or go, and all of them where its definition changes. */
function movingIn({ before, after }: World, group: Id): ReadonlySet<Id> {
  const [old, young] = [before.groups.get(group), after.groups.get(group)]
  const votes = (side: Group | undefined) => side?.members.map((member) => [member.id, member.votes])
  const isSame = old?.minimum === young?.minimum && JSON.stringify(votes(old)) === JSON.stringify(votes(young))
  const ids = [old, young].flatMap((side) => side?.members.map(({ id }) => id) ?? [])
  return new Set(isSame ? ids.filter((id) => !before.inPlace.has(id) || !after.inPlace.has(id)) : ids)
}
