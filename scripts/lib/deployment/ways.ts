/** By which addresses and ports the hosts are reached while their definition changes. */
import type { PerHost } from '../../../renderers/renderer.ts'
import type { Rendering, Way } from '../bundle/rendering.ts'
import { type Entry, entriesIn, entriesOf } from '../bundle/entry.ts'

/** A way, and in which order what it leads to is tried. */
export interface Route extends Way {
  /** Absent: as the way says. */
  readonly entries?: readonly Entry[]
}

/**
 * The ways of the target and those of the definition before it. What is in both comes first; then the old one, by which a host answers until
 * its change has come to it; then the new one.
 */
export function waysTo(target: Rendering, former: PerHost<Way>): PerHost<Route> {
  const ways = Object.values(target.hosts).map(({ host, way }) => [host, routeOf(way, former[host])] as const)
  return Object.fromEntries(ways)
}

function routeOf(way: Way, former: Way | undefined): Route {
  if (former === undefined) return way
  const [young, old] = [entriesOf(way), entriesOf(former)]
  const entries = [...entriesIn(young, 'also', old), ...entriesIn(old, 'not', young), ...entriesIn(young, 'not', old)]
  // What is a node now is reached directly, whatever it was before.
  const via = way.via.length === 0 ? [] : [...new Set([...way.via, ...former.via])]
  return { ...way, via, entries }
}
