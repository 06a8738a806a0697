/** By which addresses the hosts are reached while their definition changes. */
import type { PerHost } from '../../../renderers/renderer.ts'
import type { Rendering, Way } from '../bundle/rendering.ts'

/**
 * The ways of the target, and behind them the addresses of the definition before it: a host whose address is about to change answers by the
 * old one until then.
 */
export function waysTo(target: Rendering, former: PerHost<Way>): PerHost<Way> {
  const ways = Object.values(target.hosts).map(({ host, way }) => {
    const addresses = new Set([...way.addresses, ...(former[host]?.addresses ?? [])])
    return [host, { ...way, addresses: [...addresses] }] as const
  })
  return Object.fromEntries(ways)
}
