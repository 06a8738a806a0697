/** Real time, for real hosts. */
import { setTimeout } from 'node:timers/promises'
import type { Clock } from './clock.ts'

export const wallClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms) => {
    await setTimeout(ms)
  },
}
