/** What a rehearsal is asked to do, and what it tells meanwhile: plain data, for it runs in a process of its own. */
import type { Rendering } from '../bundle/rendering.ts'
import type { Event } from '../deployment/event.ts'
import type { Fault } from './fault.ts'
import type { Wiring } from './wiring.ts'

export interface RehearsalRequest {
  readonly wiring: Wiring
  readonly before: Rendering
  readonly after: Rendering
  readonly base: string | null
  readonly commit: string | null
  readonly images: Readonly<Record<'node' | 'guest', { readonly folder: string; readonly packages: readonly string[] }>>
  /** A folder of this rehearsal's own. */
  readonly folder: string
  readonly cgroup: string
  /** Hosts that come last. */
  readonly last: readonly string[]
  readonly faults: readonly Fault[]
  /** The machines stay up after the report, until the process is ended. */
  readonly keep: boolean
  /** The lab's folder: the registry of renderers is found from it. */
  readonly lab: string
  /** How this quorate is started: the words before a part's name. */
  readonly quorate: readonly string[]
}

/** What a rehearsal tells while it runs. */
export type Told = (
  word: { readonly kind: 'stage'; readonly text: string } | { readonly kind: 'event'; readonly event: Event },
) => void
