/** HA armed again after it was disarmed for a step, and seen armed. */
import { FailureError, type Failure } from '../failure.ts'
import { allOf } from './all-of.ts'
import type { Clock } from './clock.ts'
import type { Report } from './event.ts'
import type { Facts } from './inspect.ts'
import type { Session } from './session.ts'

/** The master reads what it was told every 10 s (PVE/HA/CRM.pm). Seconds. */
const limitSeconds = 60
/** Once HA was seen armed, so long the other hosts are waited for, that have only to drop their notes. Seconds. */
const restSeconds = 15
const againMs = 2000
const callMs = 90_000

/**
 * `step`: the name under which `hosts` have noted it. Null where one of them, with quorum, saw HA armed, else why none did; a host that keeps
 * its note goes on by itself.
 */
export async function armAgain(
  { session, clock }: { readonly session: Session; readonly clock: Clock },
  step: string,
  hosts: readonly string[],
): Promise<string | null> {
  const began = clock.now()
  const left = new Set(hosts)
  const faults = new Map<string, FailureError>()
  let seen: number | null = null
  const call = async (host: string, verb: 'arm-ha' | 'drop-ha'): Promise<boolean> => {
    try {
      await session.write(host, verb, [step], [], callMs)
      faults.delete(host)
      return true
    } catch (error) {
      if (!(error instanceof FailureError)) throw error
      faults.set(host, error)
      return false
    }
  }
  for (;;) {
    if (seen !== null || (await first(hosts, (host) => call(host, 'arm-ha')))) {
      await allOf([...left], async (host) => {
        if (!(await call(host, 'drop-ha'))) return
        left.delete(host)
        seen ??= clock.now()
      })
    }
    if (left.size === 0) return null
    if (seen !== null && clock.now() > seen + restSeconds * 1000) return null
    const all = [...faults.values()]
    // Another run has taken over, and arms it before anything else.
    const isFenced = all.some(({ exit }) => exit === 5)
    if (seen === null && (isFenced || clock.now() > began + limitSeconds * 1000)) {
      return all.map(({ failure }) => failure.what).join('; ')
    }
    await clock.sleep(againMs)
  }
}

/** What a run says that leaves HA disarmed. */
export function stillDisarmed(why: string, hosts: readonly string[], when: string): Failure {
  return {
    what: `HA was disarmed, and could not be armed again: ${why}`,
    where: hosts.join(', '),
    now: `as long as HA is disarmed nothing is recovered and no node is fenced, in the whole cluster; ${hosts.join(', ')} will arm it by themselves, ${when}, and try every 10 s until it is armed`,
    next: 'see with "ha-manager status" whether HA is armed; where it is not, run "ha-manager crm-command arm-ha" on a node that has quorum',
  }
}

/** Arms what a killed run left disarmed. Whether there was any; throws a FailureError where it cannot be armed. */
export async function armLeft(
  session: Session,
  clock: Clock,
  facts: readonly Facts[],
  report: Report,
): Promise<boolean> {
  const noted = facts.flatMap(({ host, rearm }) => (rearm === undefined ? [] : [{ host, ...rearm }]))
  for (const step of new Set(noted.map((note) => note.step))) {
    const notes = noted.filter((note) => note.step === step)
    const hosts = notes.map(({ host }) => host)
    const why = await armAgain({ session, clock }, step, hosts)
    if (why !== null) {
      const seconds = Math.max(...notes.map(({ leftSeconds }) => leftSeconds))
      throw new FailureError(stillDisarmed(why, hosts, `within ${seconds} s`), 4)
    }
    for (const host of hosts)
      report({ kind: 'recovered', host, detail: `HA was disarmed by an earlier run for its step ${step}: armed again` })
  }
  return noted.length > 0
}

/** Whether one did, asked in turn. */
async function first(hosts: readonly string[], does: (host: string) => Promise<boolean>): Promise<boolean> {
  for (const host of hosts) if (await does(host)) return true
  return false
}
