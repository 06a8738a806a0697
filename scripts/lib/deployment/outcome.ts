/** How a deployment ended, per host and per step: never guessed. */
import type { Exit, Failure } from '../failure.ts'
import type { Edit } from './edits.ts'

export interface Outcome {
  readonly format: 1
  readonly lab: string
  /** The rollout's digest; null where none was carried out. */
  readonly rollout: string | null
  readonly commit: string | null
  readonly exit: Exit
  readonly hosts: Readonly<Record<string, HostOutcome>>
  readonly steps: readonly StepOutcome[]
  /** Why it did not go through; null where it did. */
  readonly failure: Failure | null
  /** Where to read on, after a step was taken back: "pve2: journalctl -u keepalived --since …". Absent where there is nothing. */
  readonly logs?: readonly string[]
  /** What stands in the way on the hosts, and is not ours to overwrite. Absent where nothing does. */
  readonly edits?: readonly Edit[]
}

export interface HostOutcome {
  readonly outcome: 'unchanged' | 'applied' | 'reverted' | 'unknown'
  /** What is known, in a sentence. */
  readonly detail: string
}

export interface StepOutcome {
  readonly id: number
  readonly outcome: 'confirmed' | 'reverted' | 'unknown' | 'not-started' | 'nothing-to-do'
  readonly detail: string
  /** Everything that was not well, one per probe and group; absent where nothing was. `detail` says what is behind it. */
  readonly faults?: readonly string[]
  /** HA was disarmed for this step, and what became of it. Absent where it was left alone. */
  readonly ha?: 'armed-again' | 'disarmed'
}
