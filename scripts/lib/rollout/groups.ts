/** The groups that the bundles of a rendering tell of, put together. */
import type { Group, Id } from '../../../renderers/renderer.ts'
import { byCodeUnits } from '../bundle/canonical.ts'
import type { Rendering } from '../bundle/rendering.ts'

/**
 * The groups by id. Hosts of an interrupted rollout may tell of different versions of a group: each is believed about its own
 * members, and the largest minimum holds.
 */
export function groupsOf(rendering: Rendering): ReadonlyMap<Id, Group> {
  const groups = new Map<Id, Group>()
  const hosts = Object.keys(rendering.hosts).toSorted(byCodeUnits)
  for (const host of hosts) {
    for (const group of rendering.hosts[host]?.groups ?? []) {
      const known = groups.get(group.id)
      groups.set(group.id, known === undefined ? group : joined(known, group, host))
    }
  }
  return new Map([...groups].toSorted(([a], [b]) => byCodeUnits(a, b)))
}

function joined(known: Group, told: Group, host: string): Group {
  const own = new Map(told.members.filter((member) => member.host === host).map((member) => [member.id, member]))
  const members = known.members.map((member) => own.get(member.id) ?? member)
  const ids = new Set(known.members.map((member) => member.id))
  const more = told.members.filter((member) => !ids.has(member.id))
  return { ...known, minimum: Math.max(known.minimum, told.minimum), members: [...members, ...more] }
}
