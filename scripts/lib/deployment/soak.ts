/** Waits until groups are whole, and then for as long as they have to stay so. */
import type { Probe } from '../../../renderers/renderer.ts'
import { FailureError } from '../failure.ts'
import type { Clock } from './clock.ts'
import { healthOf, notWhole, type GroupView } from './groups.ts'
import { faultsOn } from './probe.ts'
import type { Session } from './session.ts'

export interface Asked {
  /** By host: its part's probes. */
  readonly probes: Readonly<Record<string, readonly Probe[]>>
  readonly groups: readonly GroupView[]
  readonly lost: ReadonlySet<string>
  /** When to give up, by the clock: milliseconds since 1970. */
  readonly until: number
}

const pauseMs = 1000

/**
 * Why it did not become well in time, or did not stay well; null where all is well.
 * A daemon is given its own `withinSeconds`; from the first time that all is well, the longest soak of the groups begins.
 */
export async function settledOrNot(session: Session, clock: Clock, asked: Asked): Promise<string | null> {
  const within = [
    ...Object.values(asked.probes).flat(),
    ...asked.groups.flatMap(({ members }) => members.flatMap(({ up }) => up)),
  ]
  const patience = Math.max(0, ...within.map((probe) => probe.withinSeconds)) * 1000
  const soak = Math.max(0, ...asked.groups.map(({ group }) => group.soakSeconds)) * 1000
  const latest = Math.min(asked.until, clock.now() + patience)
  let state = await look(session, asked)
  while (state.why !== null) {
    if (clock.now() >= latest) return state.why
    await clock.sleep(pauseMs)
    state = await look(session, asked)
  }
  const whole = clock.now()
  const { common } = state
  while (clock.now() < whole + soak) {
    await clock.sleep(Math.min(2 * pauseMs, soak))
    state = await look(session, asked)
    if (state.why !== null) return `did not stay well: ${state.why}`
    if (state.common !== common)
      return `did not hold still: what the members agree on changed during the soak of ${soak / 1000} s`
  }
  return null
}

async function look(session: Session, asked: Asked): Promise<{ readonly why: string | null; readonly common: string }> {
  const probed = await Promise.all(
    Object.entries(asked.probes).map(([host, probes]) =>
      faultsOn(host, session, probes).catch((error: unknown) => {
        if (error instanceof FailureError) return [error.failure.what]
        throw error
      }),
    ),
  )
  const faults: string[] = probed.flat()
  const commons: string[] = []
  for (const view of asked.groups) {
    const health = await healthOf(view, session, asked.lost)
    const why = notWhole(view, health, asked.lost)
    if (why !== null) faults.push(why)
    commons.push(health.common)
  }
  return { why: faults.length === 0 ? null : faults.join('; '), common: commons.join('\n') }
}
