/** What a way leads to: where a host lets the deployer in. */
import type { Way } from './rendering.ts'

/** One address and port at which a host lets somebody in. */
export interface Entry {
  readonly address: string
  readonly port: number
  readonly user: string
}

/** All that a way leads to: the port to connect to at every address first. */
export function entriesOf({ addresses, port, otherPorts, user }: Way): readonly Entry[] {
  return [port, ...(otherPorts ?? [])].flatMap((each) => addresses.map((address) => ({ address, port: each, user })))
}

/** The entries that are in both, or in the first list only. */
export function entriesIn(list: readonly Entry[], where: 'also' | 'not', other: readonly Entry[]): readonly Entry[] {
  const known = new Set(other.map(keyOf))
  return list.filter((entry) => known.has(keyOf(entry)) === (where === 'also'))
}

/** "198.51.100.11, 2001:db8:1::11 port 22 and 198.51.100.11 port 2222"; with the user where that is not root. */
export function entriesText(entries: readonly Entry[]): string {
  const places = new Map<string, string[]>()
  for (const { address, port, user } of entries) {
    const place = `port ${port}${user === 'root' ? '' : ` as ${user}`}`
    places.set(place, [...(places.get(place) ?? []), address])
  }
  return [...places].map(([place, addresses]) => `${addresses.join(', ')} ${place}`).join(' and ')
}

function keyOf({ address, port, user }: Entry): string {
  return JSON.stringify([address, port, user])
}
