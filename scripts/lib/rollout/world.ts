/** Both sides of a rollout as the planner looks at them: groups put together, and every member with the parts that make it. */
import type { Group, Id, Member } from '../../../renderers/renderer.ts'
import { byCodeUnits, canonicalJson } from '../bundle/canonical.ts'
import type { PartManifest, Rendering } from '../bundle/rendering.ts'
import { groupsOf } from './groups.ts'
import { hostLosses, type Interruption, interruptionAmong, withoutLost } from './interruption.ts'
import { type Near, nearIn } from './near.ts'

export interface World {
  readonly before: Side
  readonly after: Side
  /** What every member stands on and provides, on both sides: what holds for either counts while one becomes the other. */
  readonly members: readonly Member[]
  /** Members by the part and host that make them; read it with `membersOf`. */
  readonly madeBy: ReadonlyMap<string, ReadonlySet<Id>>
  readonly near: Near
  readonly interruption: Interruption
  /** What went with the lost hosts, and does not stand. */
  readonly gone: ReadonlySet<Id>
}

export interface Side {
  readonly rendering: Rendering
  /** By id, sorted. */
  readonly groups: ReadonlyMap<Id, Group>
  /** Members that are in place: their host has the parts that make them. */
  readonly inPlace: ReadonlySet<Id>
}

/** Puts the two sides together. `lost`: hosts that count as dead. */
export function worldOf(before: Rendering, after: Rendering, lost: readonly string[] = []): World {
  const makers = makersIn(before, after)
  const pair = [sideOf(before), sideOf(after)] as const
  const groups = pair.flatMap((side) => [...side.groups.values()])
  const members = definitions(groups)
  const isHalf = (member: Member) => isUnfinished(before, after, member, makers)
  const made = new Set(members.filter((member) => makers.make(member)).map(({ id }) => id))
  const there = (side: Omit<Side, 'inPlace'>, isThere: (member: Member) => boolean) => {
    const own = [...side.groups.values()].flatMap((group) => group.members)
    return new Set(own.filter((member) => !made.has(member.id) || isThere(member)).map(({ id }) => id))
  }
  const wasThere = (member: Member) => makers.before(member).length > 0 && !isHalf(member)
  const interruption = interruptionAmong(members)
  const losses = hostLosses(members)
  const gone = interruption(lost.flatMap((host) => [...(losses.get(host) ?? [])]))
  return {
    before: { ...pair[0], inPlace: there(pair[0], wasThere) },
    after: { ...pair[1], inPlace: there(pair[1], (member) => makers.after(member).length > 0) },
    members,
    madeBy: madeBy(members, makers),
    near: nearIn(members, groups),
    interruption: withoutLost(interruption, gone),
    gone,
  }
}

/** Each once: what most members stand on is the same on both sides. */
function definitions(groups: readonly Group[]): readonly Member[] {
  const all = groups.flatMap(({ members }) => members)
  return [
    ...new Map(
      all.map((each) => [JSON.stringify([each.id, each.host, each.needs, each.needsWhile, each.provides]), each]),
    ).values(),
  ]
}

interface Makers {
  /** Whether parts make it, on whichever host: not so a guest's place on its node. */
  make(member: Member): boolean
  before(member: Member): readonly PartManifest[]
  after(member: Member): readonly PartManifest[]
}

function makersIn(before: Rendering, after: Rendering): Makers {
  const bundles = [before, after].flatMap((rendering) => Object.values(rendering.hosts))
  const names = new Set(bundles.flatMap((bundle) => bundle.parts.map((part) => part.id)))
  const services = new Set(bundles.flatMap((bundle) => bundle.parts.map((part) => part.service)))
  return {
    make: ({ id }) => names.has(nameOf(id)) || services.has(nameOf(id).split('.')[0] ?? ''),
    before: (member) => partsOf(before, member, names),
    after: (member) => partsOf(after, member, names),
  }
}

function sideOf(rendering: Rendering): Omit<Side, 'inPlace'> {
  return { rendering, groups: groupsOf(rendering) }
}

/** By host and part: the members that the part makes, on either side. */
function madeBy(members: readonly Member[], makers: Makers): ReadonlyMap<string, ReadonlySet<Id>> {
  const made = new Map<string, Set<Id>>()
  for (const member of members) {
    for (const part of [...makers.before(member), ...makers.after(member)]) {
      const key = placeOf(member.host, part.id)
      made.set(key, (made.get(key) ?? new Set()).add(member.id))
    }
  }
  return made
}

function placeOf(host: string, part: string): string {
  return `${host} ${part}`
}

/** Equal settings have equal parts; so where one is missing on the old side, an earlier rollout did not get through. */
function isUnfinished(before: Rendering, after: Rendering, member: Member, makers: Makers): boolean {
  const old = makers.before(member)
  const service = old[0]?.service ?? ''
  // Asked first, because settings are long: seldom is anything missing.
  if (!makers.after(member).some((part) => !old.some(({ id }) => id === part.id))) return false
  const [had, has] = [before, after].map((side) =>
    canonicalJson(bundleOf(side, member.host)?.services[service] ?? null),
  )
  return had === has
}

/**
 * The parts of a host that make a member: those named like it ("corosync" and "corosync.unit" for corosync@pve1), or, where no part
 * has its name, all of the service that its id starts with. None for what no file makes, such as a guest's place on its node.
 */
function partsOf(rendering: Rendering, member: Member, names: ReadonlySet<string>): readonly PartManifest[] {
  const name = nameOf(member.id)
  const parts = bundleOf(rendering, member.host)?.parts ?? []
  if (names.has(name)) return parts.filter((part) => part.id === name || part.id.startsWith(`${name}.`))
  return parts.filter((part) => part.service === name.split('.')[0])
}

function nameOf(id: Id): string {
  return id.slice(0, id.indexOf('@'))
}

/** The members that a part of a host makes, of both sides. Sorted. */
export function membersOf(world: World, host: string, part: string): readonly Id[] {
  return [...(world.madeBy.get(placeOf(host, part)) ?? [])].toSorted(byCodeUnits)
}

/** A host's bundle, never something that every object has. */
export function bundleOf(rendering: Rendering, host: string) {
  return Object.hasOwn(rendering.hosts, host) ? rendering.hosts[host] : undefined
}

/** A part of a host. */
export function partOf(rendering: Rendering, host: string, part: string): PartManifest | undefined {
  return bundleOf(rendering, host)?.parts.find(({ id }) => id === part)
}

/** All groups that exist on either side, sorted. */
export function groupIds(world: World): readonly Id[] {
  return [...new Set(sides(world).flatMap((side) => [...side.groups.keys()]))].toSorted(byCodeUnits)
}

function sides(world: World): readonly Side[] {
  return [world.before, world.after]
}
