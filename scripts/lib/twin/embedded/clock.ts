/** Time in an embedded lab: as on the wall while something works on a host, and `pace` times faster while all only wait. */
import type { Clock } from '../../deployment/clock.ts'

export interface PacedClock extends Clock {
  readonly pace: number
  /** Calls `act` once, after `ms` of the lab's time; the returned function calls it off. Does not keep the process alive. */
  after(ms: number, act: () => void): () => void
  /** Something works from here on, until the returned function is called for the first time. */
  work(): () => void
}

interface Waiting {
  readonly due: number
  readonly act: () => void
  /** Whether the process stays alive for it. */
  readonly holds: boolean
  timer: NodeJS.Timeout | undefined
}

/**
 * A clock that starts at the present; `pace` is a number above 0. Only waiting is shortened: on a slow machine work takes longer, and were
 * that multiplied too, a deadline would pass that a real host keeps with ease.
 */
export function pacedClock(pace: number): PacedClock {
  if (!(pace > 0 && Number.isFinite(pace))) throw new RangeError(`pace is ${pace}; it has to be a number above 0`)
  let turned = { lab: Date.now(), wall: performance.now() }
  let works = 0
  const waiting = new Set<Waiting>()
  const rate = () => (works > 0 ? Math.min(1, pace) : pace)
  const now = () => turned.lab + (performance.now() - turned.wall) * rate()

  const wind = (one: Waiting) => {
    clearTimeout(one.timer)
    one.timer = setTimeout(() => ring(one), Math.max(0, one.due - now()) / rate())
    if (!one.holds) one.timer.unref()
  }
  const ring = (one: Waiting) => {
    waiting.delete(one)
    one.act()
  }
  const wait = (ms: number, holds: boolean, act: () => void) => {
    const one: Waiting = { due: now() + ms, act, holds, timer: undefined }
    waiting.add(one)
    wind(one)
    return one
  }
  const turn = (by: 1 | -1) => {
    turned = { lab: now(), wall: performance.now() }
    const before = rate()
    works += by
    if (rate() !== before) for (const one of waiting) wind(one)
  }

  return {
    pace,
    now,
    sleep: (ms) => new Promise((resolve) => void wait(ms, true, resolve)),
    after(ms, act) {
      const one = wait(ms, false, act)
      return () => {
        clearTimeout(one.timer)
        waiting.delete(one)
      }
    },
    work() {
      let ended = false
      turn(1)
      return () => {
        if (ended) return
        ended = true
        turn(-1)
      }
    },
  }
}
