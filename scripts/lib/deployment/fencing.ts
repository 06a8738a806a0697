/** Where a lost quorum may make a watchdog reset a node at this moment. */
import { FailureError } from '../failure.ts'
import { inspect, type Facts } from './inspect.ts'
import type { Session } from './session.ts'

const nothing = { paths: [], needs: [], serials: [] }

export interface HaFact extends Pick<Facts, 'host' | 'ha' | 'canDisarm'> {
  /** What the host said is wrong, where it does not answer. */
  readonly why?: string
}

/** How HA is by each of `hosts`, now: somebody may have armed it since the run began. "unknown" where a host does not answer. */
export function haNow(session: Session, hosts: readonly string[]): Promise<readonly HaFact[]> {
  return Promise.all(
    hosts.map(async (host): Promise<HaFact> => {
      try {
        return await inspect(host, session, nothing)
      } catch (error) {
        if (!(error instanceof FailureError)) throw error
        return { host, ha: 'unknown', canDisarm: false, why: error.failure.what }
      }
    }),
  )
}

/** Those whose HA is armed, or not known to be disarmed. Sorted. */
export function fencing(facts: readonly HaFact[]): readonly string[] {
  const open: readonly Facts['ha'][] = ['armed', 'disarming', 'unknown']
  return facts.flatMap(({ host, ha }) => (open.includes(ha) ? [host] : [])).toSorted()
}
