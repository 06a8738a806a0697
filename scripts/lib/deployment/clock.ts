/** The time a deployment goes by, handed in so that tests and the demo can let it pass faster. */
export interface Clock {
  /** Milliseconds since 1970, as it was when the run began; goes on evenly from there, whoever sets the machine's clock. */
  now(): number
  sleep(ms: number): Promise<void>
  /** Calls `act` once, after `ms`; the returned function calls it off. Keeps no process alive. */
  after(ms: number, act: () => void): () => void
  /** How many times faster than a wall clock; 1 where it is not given. This machine's own work takes that much longer by it. */
  readonly pace?: number
}
