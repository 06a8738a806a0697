/** What is away while some things are interrupted: the one model of who carries whom. */
import type { Id, Member } from '../../../renderers/renderer.ts'
import { grouped } from './grouped.ts'

/** lost: what is surely away. doubtful: also what has lost one of several ways to what it needs. */
export type Reading = 'lost' | 'doubtful'

/** Everything that is away once `start` is away, `start` included. */
export type Interruption = (start: Iterable<Id>, reading?: Reading) => ReadonlySet<Id>

/**
 * The model over these members. A member is away when, of something it needs, no alternative is left; it takes all that it
 * provides with it. An id that nobody provides is always there, unless it is in `start`. Several definitions of one member may
 * be passed: what holds for any of them counts. It is a least fixed point: members that need each other stay until
 * something else takes one of them away. What a member needs only while others are there is looked at when it is known who is.
 */
export function interruptionAmong(members: readonly Member[]): Interruption {
  const definitions = grouped(members, (member) => member.id)
  const uses = members.flatMap((member) => [...new Set(member.needs.flat())].map((id) => ({ id, member })))
  const needers = grouped(uses, (use) => use.id)
  const conditional = members.filter(({ needsWhile }) => needsWhile !== undefined)
  return (start, reading = 'lost') => {
    const away = new Set<Id>()
    spread([...start], away, reading)
    const cut = conditional.filter((member) => !away.has(member.id) && lacksWhile(member, away, reading))
    spread(
      cut.map(({ id }) => id),
      away,
      reading,
    )
    return away
  }

  function spread(queue: Id[], away: Set<Id>, reading: Reading): void {
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      if (away.has(id)) continue
      away.add(id)
      for (const member of definitions.get(id) ?? []) queue.push(...member.provides)
      for (const { member } of needers.get(id) ?? []) if (lacks(member, away, reading)) queue.push(member.id)
    }
  }
}

/** Whether a member that is there has no way left (lost), or one way less (doubtful), to the one that needs it. */
function lacksWhile({ needsWhile = {} }: Member, away: ReadonlySet<Id>, reading: Reading): boolean {
  return Object.entries(needsWhile).some(([other, ways]) => {
    if (reading === 'doubtful') return ways.some((id) => away.has(id))
    return !away.has(other) && ways.every((id) => away.has(id))
  })
}

/** The same where `gone` is away for good: it takes its part in what else falls, and is not interrupted any more itself. */
export function withoutLost(interruption: Interruption, gone: ReadonlySet<Id>): Interruption {
  if (gone.size === 0) return interruption
  return (start, reading = 'lost') => {
    const away = interruption(reading === 'lost' ? [...gone, ...start] : start, reading)
    return new Set([...away].filter((id) => !gone.has(id)))
  }
}

/** Whether, of something the member needs, no alternative is left (lost) or at least one is away (doubtful; also of what it needs while others are there). */
export function lacks(member: Member, away: ReadonlySet<Id>, reading: Reading): boolean {
  if (reading === 'doubtful' && lacksWhile(member, away, reading)) return true
  return member.needs.some((ways) => {
    if (reading === 'doubtful') return ways.some((id) => away.has(id))
    return ways.length > 0 && ways.every((id) => away.has(id))
  })
}

/** By host, what goes at once when it dies: whatever stands on it, is provided by it, or is an id of its own that somebody needs. */
export function hostLosses(members: readonly Member[]): ReadonlyMap<string, ReadonlySet<Id>> {
  const losses = new Map<string, Set<Id>>()
  const add = (host: string, id: Id) => losses.set(host, (losses.get(host) ?? new Set()).add(id))
  for (const member of members) {
    for (const id of [member.id, ...member.provides]) add(member.host, id)
    for (const id of member.needs.flat()) add(hostOf(id), id)
  }
  return losses
}

/** The host in an id, "pve1" in "net:cluster@pve1"; empty where it names none. */
export function hostOf(id: Id): string {
  const at = id.lastIndexOf('@')
  return at === -1 ? '' : id.slice(at + 1)
}
