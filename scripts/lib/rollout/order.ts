/** What the planner is told beyond the two renderings. */
import type { Id } from '../../../renderers/renderer.ts'
import type { Bundle, Rendering } from '../bundle/rendering.ts'

export interface Order {
  /** Hosts that come last in their layer: the jump host, the deployer's own. */
  readonly last: readonly string[]
  /** Hosts that count as dead: nothing on them stands, and nothing of theirs changes. */
  readonly lost?: readonly string[]
  /** Services for which a person has done already what only a person can do. */
  readonly settled?: readonly string[]
  /** Groups that may fall below their minimum this once. */
  readonly acceptOutage?: readonly Id[]
}

/** The nodes that the deployer goes through to reach a guest: they come last, so that the way stays open for as long as possible. Sorted. */
export function jumpHosts(rendering: Rendering): readonly string[] {
  return [...new Set(Object.values(rendering.hosts).flatMap(({ way }) => way.via.slice(0, 1)))].toSorted()
}

/** The machine that deploys: its host name and its addresses, without prefix. */
export interface Machine {
  readonly hostname: string
  readonly addresses: readonly string[]
}

/** The hosts of the lab that the deployer runs on, and the node that carries it where it is a guest: with them it loses its own way out. Sorted. */
export function ownHosts(rendering: Rendering, { hostname, addresses }: Machine): readonly string[] {
  const bundles = Object.values(rendering.hosts)
  const isOwn = ({ host, way }: Bundle) =>
    host === hostname.split('.')[0] || way.addresses.some((address) => addresses.includes(address))
  const own = bundles.filter(isOwn)
  return [...new Set(own.flatMap(({ host, way }) => [host, ...way.via.slice(0, 1)]))].toSorted()
}
