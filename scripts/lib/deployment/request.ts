/** What a deployment is asked to do, and by what means. */
import type { Id, PerHost, Renderer } from '../../../renderers/renderer.ts'
import type { Secrets } from '../bundle/fill.ts'
import type { Rendering, Way } from '../bundle/rendering.ts'
import type { Clock } from './clock.ts'
import type { Report } from './event.ts'
import type { Connect } from './remote.ts'

export interface DeployRequest {
  /** What the hosts should hold. */
  readonly target: Rendering
  readonly renderers: readonly Renderer[]
  /** Null: they cannot be read, which only a run that does not apply can do without. */
  readonly secrets: Secrets | null
  /** The commit that the target was rendered from; null where there is none. */
  readonly commit: string | null
  /** False: says what would be done, and writes nothing on any host. */
  readonly apply: boolean
  /** Only these hosts; empty: all. */
  readonly only: readonly string[]
  /** Hosts that count as lost. */
  readonly without: readonly string[]
  /** Files that were there before us may be overwritten. */
  readonly adopt: boolean
  /** "host:path" of files that somebody edited, and that may be overwritten. */
  readonly override: readonly string[]
  readonly acceptOutage: readonly Id[]
  /** After a failure the earlier steps of the rollout stay. */
  readonly keep: boolean
  /** Digest of the rollout that was reviewed; any other is refused. Null: none was. */
  readonly reviewed: string | null
  /** How the hosts were reached until now; needed where an address of theirs is about to change. */
  readonly formerWays?: PerHost<Way>
  /** Hosts that come last. */
  readonly last: readonly string[]
  /** Those of them that this run is at work on, or goes out through. */
  readonly own?: readonly string[]
  readonly connect: Connect
  readonly clock: Clock
  readonly report: Report
  /** Who deploys, for whoever comes second; where to look; and a random word that nobody else has. */
  readonly owner: string
  readonly run: string
  readonly token: string
  /** The lease's length; a killed run blocks the next one for that long, and until its timers have fired. 60 where it is not given. */
  readonly leaseSeconds?: number
}

/** All hosts, everything whole, nothing of anybody else's touched: what a run is asked where nobody asks for more. */
export const noExceptions = {
  only: [],
  without: [],
  adopt: false,
  override: [],
  acceptOutage: [],
  keep: false,
  reviewed: null,
} as const satisfies Partial<DeployRequest>
