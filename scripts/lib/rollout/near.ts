/** Who has to do with an id: looked up, so that a step of one cell need not look at the members of all others. */
import type { Group, Id, Member } from '../../../renderers/renderer.ts'

/** One definition of a member in one group of one side. */
export interface Seat {
  readonly group: Group
  readonly member: Member
}

export interface Near {
  /** Members that are, provide or need one of the ids, for good or while others are there. */
  members(ids: Iterable<Id>): ReadonlySet<Member>
  /** The same of all groups of both sides. */
  seats(ids: Iterable<Id>): ReadonlySet<Seat>
}

/** `members`: every definition; `groups`: of both sides. */
export function nearIn(members: readonly Member[], groups: readonly Group[]): Near {
  const seats = groups.flatMap((group) => group.members.map((member): Seat => ({ group, member })))
  return { members: lookup(members, (member) => member), seats: lookup(seats, ({ member }) => member) }
}

function lookup<T>(items: readonly T[], memberOf: (item: T) => Member): (ids: Iterable<Id>) => ReadonlySet<T> {
  const known = new Map<Id, Set<T>>()
  for (const item of items) {
    const { id, provides, needs, needsWhile = {} } = memberOf(item)
    for (const each of [id, ...provides, ...needs.flat(), ...Object.values(needsWhile).flat()]) {
      const there = known.get(each)
      if (there === undefined) known.set(each, new Set([item]))
      else there.add(item)
    }
  }
  return (ids) => new Set([...ids].flatMap((id) => [...(known.get(id) ?? [])]))
}
