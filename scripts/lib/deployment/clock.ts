/** The time a deployment goes by, handed in so that tests and the demo can let it pass faster. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  sleep(ms: number): Promise<void>
  /** How many times faster than a wall clock; 1 where it is not given. This machine's own work takes that much longer by it. */
  readonly pace?: number
}
