/** What the planner is told beyond the two renderings. */
import type { Id } from '../../../renderers/renderer.ts'

export interface Order {
  /** Hosts that come last in their layer: the jump host, the deployer's own. */
  readonly last: readonly string[]
  /** Groups that may fall below their minimum this once. */
  readonly acceptOutage?: readonly Id[]
}
