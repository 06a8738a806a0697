/** What falls when something is away. */
import type { Id, Member } from '../../../renderers/renderer.ts'

/** `anyWay`: one of several ways to what a member needs is enough to make it fall, and nothing is gone before. */
export type Fall = (start: readonly Id[], anyWay?: boolean) => ReadonlySet<Id>

/**
 * A member falls when, of something that it needs, no way is left; what it provides falls with it. A member with two definitions falls by
 * either. `gone` is away for good: it takes part in what falls, and does not fall again.
 */
export function fallAmong(members: readonly Member[], gone: ReadonlySet<Id>): Fall {
  const provides = new Map<Id, Id[]>()
  const users = new Map<Id, Member[]>()
  for (const member of members) {
    provides.set(member.id, [...(provides.get(member.id) ?? []), ...member.provides])
    for (const id of new Set(member.needs.flat())) users.set(id, [...(users.get(id) ?? []), member])
  }
  return (start, anyWay = false) => {
    const away = new Set<Id>()
    const left = anyWay ? [...start] : [...gone, ...start]
    while (left.length > 0) {
      const id = left.pop() as Id
      if (away.has(id)) continue
      away.add(id)
      left.push(...(provides.get(id) ?? []))
      for (const user of users.get(id) ?? []) {
        const cut = anyWay || user.needs.some((ways) => ways.length > 0 && ways.every((way) => away.has(way)))
        if (cut) left.push(user.id)
      }
    }
    if (gone.size > 0) for (const id of gone) away.delete(id)
    return away
  }
}

/** What goes at once with a host: all that stands on it, and its own ids that somebody needs. */
export function lossOf(members: readonly Member[], host: string): readonly Id[] {
  const own = members.filter((member) => member.host === host).flatMap(({ id, provides }) => [id, ...provides])
  const asked = members.flatMap(({ needs }) => needs.flat()).filter((id) => id.endsWith(`@${host}`))
  return [...new Set([...own, ...asked])]
}
