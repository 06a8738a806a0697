/** Keeps a short lease alive while a run is at work, so that a killed one blocks nobody for long. */
import { FailureError } from '../failure.ts'
import type { Clock } from './clock.ts'
import { dropLease, renewLease, type Holder } from './lease.ts'
import type { Session } from './session.ts'

export interface KeptLease {
  /** Before a step: makes sure that the lease is still ours. Throws exit 5 where another run has it, 4 where too few nodes answer. */
  keep(): Promise<void>
  /** Ends the renewing, and gives the lease back. */
  release(): Promise<void>
}

/** A run that came to no next step for this long is stuck, and is not to hold the lease for ever. Seconds. */
const longestStep = 900
/** Renewing more often than this would be nothing but traffic. Seconds. */
const leastPause = 5

/** `held`: the nodes that gave the lease. `nodes`: how many there are; a majority of them has to renew it before each step. */
export function keepLease(
  session: Session,
  clock: Clock,
  held: readonly string[],
  nodes: number,
  holder: Holder,
): KeptLease {
  const pause = Math.max(leastPause, holder.seconds / 3) * 1000
  let renewed = clock.now()
  let moved = clock.now()
  let ended = false
  let cancel = () => {}
  let underWay = Promise.resolve()
  let lost: FailureError | null = null

  const isEnough = (answered: number) => nodes === 0 || answered >= Math.floor(nodes / 2) + 1
  const inTheBackground = async () => {
    try {
      if (isEnough(await renewLease(session, held, holder))) renewed = clock.now()
    } catch (error) {
      // Nobody waits for this one: the next step is refused with it.
      lost = error instanceof FailureError ? error : new FailureError(stopped(String(error)), 4, { cause: error })
    }
    again()
  }
  const again = () => {
    if (ended || lost !== null || clock.now() > moved + longestStep * 1000) return
    cancel = clock.after(pause, () => {
      underWay = inTheBackground()
    })
  }
  again()

  return {
    async keep() {
      if (lost !== null) throw lost
      moved = clock.now()
      if (clock.now() < renewed + pause) return
      const still = await renewLease(session, held, holder)
      if (!isEnough(still))
        throw new FailureError(stopped(`the lease could be renewed on ${still} of ${nodes} nodes only`), 4)
      renewed = clock.now()
    },
    async release() {
      ended = true
      cancel()
      // A renewal that arrives after the lease was given back would take it again.
      await underWay
      await dropLease(session, held, holder)
    },
  }
}

function stopped(what: string) {
  return { what, where: 'lease', now: 'no further step was begun', next: 'bring the nodes back, and run again' }
}
