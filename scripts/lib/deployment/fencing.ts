/** Where a lost quorum may make a watchdog reset a node at this moment. */
import { FailureError } from '../failure.ts'
import { inspect } from './inspect.ts'
import type { Session } from './session.ts'

const nothing = { paths: [], needs: [], serials: [] }

/** Those of `hosts` whose HA is armed, or of which that cannot be found out: somebody may have armed it since the run began. Sorted. */
export async function fencingNow(session: Session, hosts: readonly string[]): Promise<readonly string[]> {
  const states = await Promise.all(
    hosts.map(async (host) => {
      try {
        return (await inspect(host, session, nothing)).ha
      } catch (error) {
        if (!(error instanceof FailureError)) throw error
        return 'unknown'
      }
    }),
  )
  return hosts.filter((_, index) => states[index] === 'armed' || states[index] === 'unknown').toSorted()
}
