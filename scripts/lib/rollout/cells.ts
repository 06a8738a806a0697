/** Hosts that can disturb each other: what is in different cells goes side by side. */
import { byCodeUnits } from '../bundle/canonical.ts'
import { hostOf } from './interruption.ts'
import type { World } from './world.ts'

export interface Cells {
  /** The cell of a host, named after its first host; the host itself where it has to do with nobody. */
  of(host: string): string
  /** Hosts with a member in a group that has something to lose. */
  readonly grouped: ReadonlySet<string>
}

/** Connected over groups that have something to lose, and over what members need from other hosts. */
export function cells(world: World): Cells {
  const roots = new Map<string, string>()
  const rootOf = (host: string): string => {
    const above = roots.get(host) ?? host
    if (above === host) return host
    const root = rootOf(above)
    roots.set(host, root)
    return root
  }
  const join = (hosts: readonly string[]) => {
    const [first, ...others] = [...new Set(hosts.filter((host) => host !== '').map(rootOf))].toSorted(byCodeUnits)
    for (const other of others) roots.set(other, first as string)
  }
  const providers = new Map(world.members.flatMap((member) => member.provides.map((id) => [id, member.host] as const)))
  const groups = [world.before, world.after].flatMap((side) => [...side.groups.values()])
  const protecting = groups.filter((group) => group.minimum > 0)
  for (const group of protecting) join(group.members.map((member) => member.host))
  for (const member of world.members) {
    for (const id of member.needs.flat()) join([member.host, providers.get(id) ?? '', hostOf(id)])
  }
  return {
    of: rootOf,
    grouped: new Set(protecting.flatMap((group) => group.members.map((member) => member.host))),
  }
}
