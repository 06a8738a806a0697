/** Which step should come before which other one, and which has to. */
import type { Id } from '../../../renderers/renderer.ts'
import { canonicalJson } from '../bundle/canonical.ts'
import type { Draft } from './draft.ts'
import { grouped } from './grouped.ts'
import { inCharge } from './in-charge.ts'
import type { World } from './world.ts'

/** All steps of one part that come or stay, or all that leave. */
export interface Class {
  readonly drafts: readonly Draft[]
  readonly name: string
  readonly layer: number
  readonly leaves: boolean
}

export interface Precedence {
  readonly classes: readonly Class[]
  /**
   * Whether a part has to wait for another one: what is new comes before its users, and what leaves after them; a member that leaves is stopped
   * before the others no longer count it, and is not counted any more before it is cut off.
   */
  waits(each: Class, other: Class): boolean
  /** The same of two single steps. */
  stands(draft: Draft, other: Draft): boolean
  /** The order of two steps of one class; 0 where it makes no difference. */
  compare(a: Draft, b: Draft): number
}

/** `last`: hosts that come last in their part. */
export function precedenceOf(world: World, drafts: readonly Draft[], last: readonly string[]): Precedence {
  const byPart = grouped(drafts, (draft) => canonicalJson([draft.service, draft.part, draft.kind === 'removed']))
  const classes = [...byPart.values()].map(classOf)
  const carried = new Map(drafts.map((draft) => [draft, carriedBy(world, draft)]))
  const stands = (draft: Draft, other: Draft) => {
    if (draft === other) return false
    if (draft.kind === 'removed') return uses(other, carried.get(draft))
    return other.kind === 'new' && uses(draft, carried.get(other))
  }
  const all = new Map(
    classes.map((each) => [each, new Set(each.drafts.flatMap((draft) => [...(carried.get(draft) ?? [])]))]),
  )
  const bids = farewells(world, classes)
  const waits = (each: Class, other: Class) => {
    if (each === other) return false
    if (bids(each, other)) return true
    const [user, carrier] = each.leaves ? [other, each] : [each, other]
    if (each.leaves && !other.leaves && each.name === other.name) return !bids(other, each)
    return (each.leaves || !other.leaves) && user.drafts.some((draft) => uses(draft, all.get(carrier)))
  }
  const keys = keysOf(world, drafts, last)
  const compare = (a: Draft, b: Draft) => compareKeys(keys.get(a) ?? [], keys.get(b) ?? [])
  return { classes, waits, stands, compare }
}

/**
 * Whether a class takes a leaving member away from another host than its own, and the other one makes that member: to a maker itself only the
 * one that takes it off its host is prior.
 */
function farewells(world: World, classes: readonly Class[]): (each: Class, other: Class) => boolean {
  const stay = new Set([...world.after.groups.values()].flatMap(({ members }) => members.map(({ id }) => id)))
  const leaving = world.members.filter(({ id }) => !stay.has(id))
  // Where several hosts move together, what goes on the member's own host goes by that host's doing.
  const isCutBy = ({ away, writes, move }: Draft, { id, host }: World['members'][number]) =>
    away.has(id) && writes.some((write) => write.host !== host) && move?.effects[host] === undefined
  const cutBy = (draft: Draft) => leaving.filter((member) => isCutBy(draft, member)).map(({ id }) => id)
  const made = new Map(classes.map((each) => [each, new Set(each.drafts.flatMap(({ own }) => own))]))
  const cut = new Map(classes.map((each) => [each, each.leaves ? [] : each.drafts.flatMap(cutBy)]))
  return (each, other) =>
    (cut.get(each) ?? []).some(
      (id) => made.get(other)?.has(id) === true && (other.leaves || made.get(each)?.has(id) !== true),
    )
}

function classOf(drafts: readonly Draft[]): Class {
  const [first] = drafts
  const layer = Math.max(...drafts.map((draft) => draft.layer))
  return { drafts, name: `${first?.service} ${first?.part}`, layer, leaves: first?.kind === 'removed' }
}

/** What stands on members that come or go with the step, which themselves stand on nothing of their own; nothing where it only changes. */
function carriedBy(world: World, draft: Draft): ReadonlySet<Id> {
  if (draft.kind === 'changed') return new Set()
  const own = new Set(draft.own)
  return new Set([...world.interruption(draft.own, 'doubtful')].filter((id) => !own.has(id)))
}

function uses(user: Draft, carried: ReadonlySet<Id> | undefined): boolean {
  return user.own.some((id) => carried?.has(id))
}

type Key = readonly number[]

function keysOf(world: World, drafts: readonly Draft[], last: readonly string[]): ReadonlyMap<Draft, Key> {
  const groups = [world.before, world.after].flatMap((side) => [...side.groups.values()])
  const ranks = new Map(groups.flatMap((group) => group.members.map((member, index) => [member.id, index] as const)))
  const masters = [...inCharge(world).keys()]
  const kinds = { new: 0, changed: 1, removed: 2 }
  return new Map(
    drafts.map((draft) => {
      const isLast = draft.writes.some(({ host }) => last.includes(host))
      const isMaster = masters.some((id) => draft.away.has(id))
      const rank = Math.min(...draft.own.map((id) => ranks.get(id) ?? 0), Number.MAX_SAFE_INTEGER)
      return [draft, [kinds[draft.kind], Number(isLast), Number(isMaster), rank]]
    }),
  )
}

function compareKeys(a: Key, b: Key): number {
  const at = a.findIndex((each, index) => each !== b[index])
  return at === -1 ? 0 : (a[at] as number) - (b[at] as number)
}
