import type { Rollout } from '../rollout/rollout.ts'
import type { Ending } from './progress.ts'

/** Where a run ends that is through but for what a person has to do; null where nothing is left. */
export function leftToDo({ byHand = [] }: Rollout): Ending | null {
  if (byHand.length === 0) return null
  const failure = {
    what: byHand.map(({ why }) => why).join('; '),
    where: byHand.map(({ service }) => service).join(', '),
    now: `everything else is in place; ${byHand.map(({ service }) => service).join(', ')} is as before`,
    next: byHand.map(({ manual }) => manual).join('; '),
  }
  return { failure, exit: 4 }
}
