/** Time in an embedded lab: `pace` times faster than the wall clock. */
import type { Clock } from '../../deployment/clock.ts'

export interface PacedClock extends Clock {
  readonly pace: number
  /** Calls `act` once, after `ms` of the lab's time; the returned function calls it off. Does not keep the process alive. */
  after(ms: number, act: () => void): () => void
}

/** A clock that starts at the present and runs `pace` times faster than the wall clock; `pace` is a number above 0. */
export function pacedClock(pace: number): PacedClock {
  if (!(pace > 0 && Number.isFinite(pace))) throw new RangeError(`pace is ${pace}; it has to be a number above 0`)
  const start = Date.now()
  const origin = performance.now()
  return {
    pace,
    now: () => start + (performance.now() - origin) * pace,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms / pace)),
    after: (ms, act) => {
      const timer = setTimeout(act, ms / pace).unref()
      return () => clearTimeout(timer)
    },
  }
}
