/** What a benchmark found. Plain data; --json prints it. */
import type { Footprint } from './footprint.ts'
import type { PreviewTimes } from './preview.ts'
import type { Timed } from './timing.ts'

export interface BenchReport {
  readonly format: 1
  readonly hosts: number
  readonly runs: number
  readonly machine: { readonly node: string; readonly cores: number }
  /** Null where there is no OpenSSH server here. */
  readonly hostsReached: {
    readonly unchanged: Compared
    /** Without the soak. */
    readonly changed: Compared & {
      readonly files: number
      /** What the rollout waits besides on purpose, and never shorter. Seconds. */
      readonly soakSeconds: number
    }
    /** The same two with `ms` added to every message, each way. */
    readonly delayed: { readonly ms: number; readonly unchanged: Compared; readonly changed: Compared }
    /** Of one host, with every message that late: how often it was waited for an answer. `step`: what a step adds, its record included. */
    readonly roundTrips: { readonly unchanged: number; readonly changed: number; readonly step: number }
  } | null
  /** Milliseconds by stage, medians: the example lab, and 300 hosts that were made up. */
  readonly preview: Readonly<Record<'example' | 'cells' | 'oneVpn', PreviewTimes>>
  readonly footprint: Footprint
  /** What was not measured, and why. */
  readonly notMeasured: readonly string[]
}

export interface Compared {
  readonly quorate: Timed
  readonly floor: Timed
  /** Of the medians. */
  readonly ratio: number
}

/** Of the same work in the same run. */
export function compared({ quorate, floor }: Readonly<Record<'quorate' | 'floor', Timed>>): Compared {
  return { quorate, floor, ratio: quorate.median / floor.median }
}
