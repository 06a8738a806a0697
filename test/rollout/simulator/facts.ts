/** A lab before and after as the simulator looks at it: naively, from the two renderings alone. */
import type { Group, Id, Member } from '../../../renderers/renderer.ts'
import type { Rendering } from '../../../scripts/lib/bundle/rendering.ts'
import { type Fall, fallAmong, lossOf } from './fall.ts'
import { type Job, jobsOf } from './job.ts'
import type { Case } from './lab-case.ts'

export interface Facts extends Case {
  readonly groups: readonly Pair[]
  /** Every definition of every member, of both sides. */
  readonly members: readonly Member[]
  /** Hosts that are not lost, and that a member stands on or needs something of. */
  readonly hosts: readonly string[]
  /** What went with the lost hosts. */
  readonly gone: ReadonlySet<Id>
  /** What is away once `start` is, on top of what is gone. */
  readonly fall: Fall
  /** What goes at once with a host. */
  loss(host: string): readonly Id[]
  readonly jobs: readonly Job[]
  /** In place on that side, as far as the parts on its host tell. */
  isIn(side: 'before' | 'after', id: Id): boolean
}

/** One group on both sides. */
export interface Pair {
  readonly id: Id
  readonly kind: Group['kind']
  readonly before: Group | undefined
  readonly after: Group | undefined
  /** Members of either side. */
  readonly ids: ReadonlySet<Id>
  /** It worked before, and before hosts were lost. */
  readonly worked: boolean
}

export function factsOf(lab: Case): Facts {
  const sides = { before: groupsIn(lab.before), after: groupsIn(lab.after) }
  const members = definitions([...sides.before.values(), ...sides.after.values()])
  const bare = fallAmong(members, new Set())
  const gone = bare(lab.lost.flatMap((host) => lossOf(members, host)))
  const fall = gone.size === 0 ? bare : fallAmong(members, gone)
  const makes = makersOf(lab)
  const inside = {
    before: placesIn(lab, sides.before, makes, 'before'),
    after: placesIn(lab, sides.after, makes, 'after'),
  }
  const isIn = (side: 'before' | 'after', id: Id) => inside[side].has(id)
  const names = members.flatMap(({ host, needs }) => [host, ...needs.flat().map((id) => id.split('@')[1] ?? '')])
  const hosts = [...new Set(names)].filter((host) => host !== '' && !lab.lost.includes(host)).toSorted()
  const ids = [...new Set([...sides.before.keys(), ...sides.after.keys()])].toSorted()
  const groups = ids.map((id): Pair => {
    const [before, after] = [sides.before.get(id), sides.after.get(id)]
    const all = new Set([...(before?.members ?? []), ...(after?.members ?? [])].map((member) => member.id))
    const there = before?.members.filter((member) => isIn('before', member.id)) ?? []
    const kind = (before ?? after)?.kind ?? 'pool'
    const sum = there.reduce((total, member) => total + (kind === 'quorum' ? member.votes : 1), 0)
    return { id, kind, before, after, ids: all, worked: there.length > 0 && sum >= (before?.minimum ?? 0) }
  })
  const losses = new Map(hosts.map((host) => [host, lossOf(members, host)]))
  const loss = (host: string) => losses.get(host) ?? []
  const jobs = jobsOf(lab, members, groups, fall, makes)
  return { ...lab, groups, members, hosts, gone, fall, loss, jobs, isIn }
}

/** Every definition of every member, once. */
function definitions(groups: readonly Group[]): readonly Member[] {
  const members = groups.flatMap((group) => group.members)
  return [
    ...new Map(members.map((each) => [`${each.id} ${each.needs.join(';')} ${each.provides.join()}`, each])).values(),
  ]
}

function groupsIn({ hosts }: Rendering): ReadonlyMap<Id, Group> {
  return new Map(Object.values(hosts).flatMap((bundle) => bundle.groups.map((group) => [group.id, group] as const)))
}

/** Whether a part makes a member on its own host. */
export type Makes = (part: string, member: Id) => boolean

/** A member is made by the parts of its name ("vote" and "vote.unit"), or, where there are none, by its service's. */
function makersOf({ before, after }: Case): Makes {
  const parts = [before, after].flatMap(({ hosts }) => Object.values(hosts).flatMap((bundle) => bundle.parts))
  const ids = new Set(parts.map(({ id }) => id))
  const makers = new Map<string, ReadonlySet<string>>()
  const makersNamed = (name: string) => {
    const [service] = name.split('.')
    const isMaker = (id: string) =>
      ids.has(name) ? id === name || id.startsWith(`${name}.`) : id.split('.')[0] === service
    return new Set([...ids].filter(isMaker))
  }
  return (part, member) => {
    const name = member.slice(0, member.indexOf('@'))
    const known = makers.get(name) ?? makersNamed(name)
    makers.set(name, known)
    return known.has(part)
  }
}

function placesIn(lab: Case, groups: ReadonlyMap<Id, Group>, makes: Makes, side: 'before' | 'after'): ReadonlySet<Id> {
  const all = [lab.before, lab.after].flatMap(({ hosts }) => Object.values(hosts).flatMap(({ parts }) => parts))
  const kinds = [...new Set(all.map(({ id }) => id))]
  const isThere = ({ id, host }: Member) => {
    if (!kinds.some((part) => makes(part, id))) return true
    const makers = (rendering: Rendering) => (rendering.hosts[host]?.parts ?? []).filter((part) => makes(part.id, id))
    const own = makers(lab[side])
    if (side === 'after' || own.length === 0) return own.length > 0
    const young = makers(lab.after)
    if (young.every((part) => own.some((each) => each.id === part.id))) return true
    // The same settings make the same parts: where some are missing, an earlier rollout did not get through.
    const service = own[0]?.service ?? ''
    const [had, has] = [lab.before, lab.after].map(({ hosts }) => JSON.stringify(hosts[host]?.services[service]))
    return had !== has
  }
  const members = [...groups.values()].flatMap((group) => group.members)
  return new Set(members.filter(isThere).map(({ id }) => id))
}
