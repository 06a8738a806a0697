/** The order in which steps are put into waves: cheap to lose first, and nothing before what it stands on. */
import type { Id } from '../../../renderers/renderer.ts'
import { byCodeUnits, canonicalJson } from '../bundle/canonical.ts'
import type { Draft } from './draft.ts'
import { grouped } from './grouped.ts'
import { inCharge } from './in-charge.ts'
import type { World } from './world.ts'

/** All steps of one part that come or stay, or all that leave. */
interface Class {
  readonly drafts: readonly Draft[]
  readonly leaves: boolean
}

/**
 * By layer, except that a part comes after new parts that it needs and leaves before parts that it needed. Inside a part: first
 * where it is new (the group grows before anything is taken from it), last where it leaves; hosts to come last at the end, and
 * before them what takes a member in charge away; else in the order of its group's members (backups first), then by name.
 */
export function sequence(world: World, drafts: readonly Draft[], last: readonly string[]): readonly Draft[] {
  const byPart = grouped(drafts, (draft) => canonicalJson([draft.service, draft.part, draft.kind === 'removed']))
  const classes = [...byPart.values()]
    .map((own) => ({ drafts: own, leaves: own[0]?.kind === 'removed' }))
    .toSorted(
      (a, b) => layerOf(a) - layerOf(b) || byCodeUnits(nameOf(a), nameOf(b)) || Number(a.leaves) - Number(b.leaves),
    )
  const members = memberRanks(world)
  const masters = [...inCharge(world).keys()]
  return placed(world, classes).flatMap((each) =>
    each.drafts.toSorted((a, b) => compareKeys(keyOf(a, last, masters, members), keyOf(b, last, masters, members))),
  )
}

function placed(world: World, classes: readonly Class[]): readonly Class[] {
  const carried = new Map(classes.map((each) => [each, carriedBy(world, each)]))
  const stands = (a: Class, b: Class) => a !== b && isBefore(a, b, carried)
  const left = [...classes]
  const done: Class[] = []
  while (left.length > 0) {
    // Parts that need each other in a circle go by layer.
    const free = left.findIndex((each) => !left.some((other) => stands(other, each)))
    done.push(...left.splice(Math.max(free, 0), 1))
  }
  return done
}

function isBefore(a: Class, b: Class, carried: ReadonlyMap<Class, ReadonlySet<string>>): boolean {
  const uses = (user: Class, carrier: Class) =>
    user.drafts.some((draft) => draft.own.some((id) => carried.get(carrier)?.has(id)))
  if (b.leaves) return uses(a, b) || (!a.leaves && nameOf(a) === nameOf(b))
  return !a.leaves && uses(b, a)
}

/** What stands on members that come or go in this class; nothing where it only changes. */
function carriedBy(world: World, each: Class): ReadonlySet<string> {
  const moving = each.drafts.filter((draft) => draft.kind !== 'changed').flatMap((draft) => draft.own)
  return world.interruption(moving, 'doubtful')
}

function layerOf(each: Class): number {
  return Math.max(...each.drafts.map((draft) => draft.layer))
}

function nameOf(each: Class): string {
  return `${each.drafts[0]?.service} ${each.drafts[0]?.part}`
}

function memberRanks(world: World): ReadonlyMap<string, number> {
  const groups = [world.before, world.after].flatMap((side) => [...side.groups.values()])
  return new Map(groups.flatMap((group) => group.members.map((member, index) => [member.id, index] as const)))
}

type Key = readonly (number | string)[]

function keyOf(draft: Draft, last: readonly string[], masters: readonly Id[], ranks: ReadonlyMap<string, number>): Key {
  const kinds = { new: 0, changed: 1, removed: 2 }
  const hosts = draft.writes.map((write) => write.host)
  const rank = Math.min(...draft.own.map((id) => ranks.get(id) ?? 0), Number.MAX_SAFE_INTEGER)
  const isLast = hosts.some((host) => last.includes(host))
  const isMaster = masters.some((id) => draft.away.has(id))
  return [kinds[draft.kind], Number(isLast), Number(isMaster), rank, hosts[0] ?? '', draft.part]
}

function compareKeys(a: Key, b: Key): number {
  for (const [index, left] of a.entries()) {
    const right = b[index] as number | string
    const order = typeof left === 'number' ? left - (right as number) : byCodeUnits(left, right as string)
    if (order !== 0) return order
  }
  return 0
}
