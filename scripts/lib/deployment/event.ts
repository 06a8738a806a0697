/** What a deployment tells while it runs; printing is somebody else's. */
import type { Rollout } from '../rollout/rollout.ts'

export type Phase = 'staged' | 'validated' | 'gated' | 'armed' | 'activated' | 'probed' | 'confirmed'

export type Event =
  | { readonly kind: 'lease'; readonly hosts: readonly string[]; readonly fence: number; readonly seconds: number }
  | {
      readonly kind: 'inspected'
      readonly hosts: readonly string[]
      readonly away: readonly string[]
      readonly drifted: number
    }
  | { readonly kind: 'recovered'; readonly host: string; readonly detail: string }
  | { readonly kind: 'planned'; readonly rollout: Rollout; readonly steps: number }
  | {
      readonly kind: 'phase'
      readonly step: number
      readonly steps: number
      readonly hosts: readonly string[]
      readonly phase: Phase
      readonly detail: string
      readonly takingBack: boolean
    }
  | {
      readonly kind: 'failed'
      readonly step: number
      readonly steps: number
      readonly hosts: readonly string[]
      readonly why: string
    }
  | {
      readonly kind: 'reverted'
      readonly step: number
      readonly steps: number
      readonly host: string
      readonly detail: string
    }
  /** Bytes that were not ours were replaced, and are kept on the host. */
  | { readonly kind: 'kept'; readonly host: string; readonly path: string; readonly at: string }
  /** HA was disarmed for a step, or is armed again after it. */
  | {
      readonly kind: 'ha'
      readonly step: number
      readonly steps: number
      readonly ha: 'disarmed' | 'armed-again'
      readonly detail: string
    }
  | { readonly kind: 'waiting'; readonly detail: string }
  | { readonly kind: 'done'; readonly detail: string }

/** Called in the order in which things happen. */
export type Report = (event: Event) => void
