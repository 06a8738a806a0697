/** What a user is told when a run cannot go on. */

/** 0 all applied or unchanged, 1 problems in the definition, 2 wrong usage, 3 failed and reverted, 4 needs a person, 5 somebody else holds the lease. */
export type Exit = 0 | 1 | 2 | 3 | 4 | 5

export interface Failure {
  /** What happened, with the value. */
  readonly what: string
  /** host:path, or file:line. */
  readonly where: string
  /** Which state things are in now. */
  readonly now: string
  /** What to do. */
  readonly next: string
}

/** Ends a run with a message for the user; the stack is shown by --debug only. */
export class FailureError extends Error {
  override readonly name = 'FailureError'
  readonly failure: Failure
  readonly exit: Exit

  constructor(failure: Failure, exit: Exit, options?: ErrorOptions) {
    super(`${failure.what} (${failure.where}); ${failure.now}; ${failure.next}`, options)
    this.failure = failure
    this.exit = exit
  }
}
