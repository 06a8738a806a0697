/** How a deployment ended, per host and per step: never guessed. */
import type { Commit } from '../bundle/git.ts'
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
  /** Why no host was contacted: the deployment before is not over. Absent otherwise. */
  readonly held?: Held
}

/** A deployment that has not ended with all hosts at its commit, and what another one would carry along. */
export interface Held {
  /** The commit whose deployment it was. */
  readonly unfinished: string
  /** The commit that all hosts were last brought to; null where none is known. */
  readonly deployed: string | null
  /** The commits since that touch the lab: the newest first; empty where no deployed one is known. */
  readonly carries: readonly Commit[]
}

export interface HostOutcome {
  readonly outcome: 'unchanged' | 'applied' | 'reverted' | 'unknown'
  /** What is known, in a sentence. */
  readonly detail: string
  /** Steps that would write on it and were not begun; absent where there is none. */
  readonly notBegun?: readonly number[]
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
