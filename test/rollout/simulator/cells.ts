/** Hosts that have to do with each other: over groups that promise something, and over what members need. */
import type { Facts } from './facts.ts'

/** The cell of a host, named after one of its hosts. */
export function cellsOf(facts: Facts): (host: string) => string {
  const cells = new Map<string, string>()
  const join = (hosts: readonly string[]) => {
    const [first = '', ...others] = hosts.map((host) => cells.get(host) ?? host)
    for (const host of hosts) if (!cells.has(host)) cells.set(host, host)
    for (const other of others) for (const [host, cell] of cells) if (cell === other) cells.set(host, first)
  }
  for (const { before, after } of facts.groups) {
    for (const group of [before, after]) {
      if (group !== undefined && group.minimum > 0) join(group.members.map(({ host }) => host))
    }
  }
  for (const { host, needs } of facts.members) join([host, ...needs.flat().map((id) => id.split('@')[1] ?? host)])
  return (host) => cells.get(host) ?? host
}
