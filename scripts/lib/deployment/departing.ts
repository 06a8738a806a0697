/** Nodes that leave the lab: they are asked and written on for the last time. */
import type { PerHost } from '../../../renderers/renderer.ts'
import type { Bundle, Rendering } from '../bundle/rendering.ts'

/**
 * The target, with nothing to hold for nodes that only the definition before it has. One that does not answer any more has to be counted as lost
 * (--without), as its votes may still stand in the others' files. A guest is its owner's to destroy, and nobody asks for it.
 */
export function withDeparting(target: Rendering, former: PerHost<Bundle>): Rendering {
  const departing = Object.values(former)
    .filter(({ host, kind }) => kind === 'node' && !Object.hasOwn(target.hosts, host))
    .map((bundle) => [bundle.host, { ...bundle, services: {}, parts: [], groups: [] }] as const)
  if (departing.length === 0) return target
  const hosts = [...Object.entries(target.hosts), ...departing].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return { ...target, hosts: Object.fromEntries(hosts) }
}
