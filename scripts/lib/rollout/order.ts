/** What the planner is told beyond the two renderings. */
import type { Id } from '../../../renderers/renderer.ts'
import type { Rendering } from '../bundle/rendering.ts'

export interface Order {
  /** Hosts that come last in their layer: the jump host, the deployer's own. */
  readonly last: readonly string[]
  /** Hosts that count as dead: nothing on them stands, and nothing of theirs changes. */
  readonly lost?: readonly string[]
  /** Groups that may fall below their minimum this once. */
  readonly acceptOutage?: readonly Id[]
}

/** The nodes that the deployer goes through to reach a guest: they come last, so that the way stays open for as long as possible. Sorted. */
export function jumpHosts(rendering: Rendering): readonly string[] {
  return [...new Set(Object.values(rendering.hosts).flatMap(({ way }) => way.via.slice(0, 1)))].toSorted()
}
