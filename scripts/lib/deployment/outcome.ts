/** How a deployment ended, per host and per step: never guessed. */
import type { Exit, Failure } from '../failure.ts'

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
}
