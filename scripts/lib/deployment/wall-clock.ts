/** Real time, for real hosts. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from './clock.ts'

export const wallClock: Clock = {
  // Not the machine's own idea of the time: somebody may set that while a soak or a deadline runs.
  now: () => performance.timeOrigin + performance.now(),
  sleep: async (ms) => {
    await sleep(ms)
  },
  after: (ms, act) => {
    const timer = setTimeout(act, ms).unref()
    return () => clearTimeout(timer)
  },
}
