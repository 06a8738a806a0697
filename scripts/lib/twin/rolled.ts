/** The change, rolled out on a twin, with what goes wrong on purpose meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Event } from '../deployment/event.ts'
import type { Outcome } from '../deployment/outcome.ts'
import type { Rollout } from '../rollout/rollout.ts'
import { mend, strike, timersFired } from './damage.ts'
import { faultText, type Fault } from './fault.ts'
import type { Theatre } from './theatre.ts'

export interface Rolled {
  /** Null where the deployer was killed. */
  readonly outcome: Outcome | null
  /** Of the run after a fault; null where there was none. */
  readonly recovery: Outcome | null
  readonly rollout: Rollout | null
  /** By step: when it was armed, and when it ended. Milliseconds since 1970. */
  readonly times: ReadonlyMap<number, { readonly from: number; readonly to: number }>
  readonly struck: readonly Struck[]
  /** Faults that could not be brought about, or mended, in sentences. */
  readonly missed: readonly string[]
  readonly began: number
  readonly ended: number
}

export interface Struck {
  readonly fault: Fault
  readonly host: string
  /** Milliseconds since 1970. */
  readonly at: number
}

/** How long a cut or a freeze lasts once the deployer has come to its end. Milliseconds. */
const settleMs = 2000
/** Until a killed run's lease has run out. Milliseconds. */
const leaseMs = 12_000

/** `bare`: nothing was deployed before. `resume`: called for a machine that was switched on again. */
export async function rollOut(
  theatre: Theatre,
  faults: readonly Fault[],
  bare: boolean,
  resume: (host: string) => void,
): Promise<Rolled> {
  const { twin, sides, guests, deploy, stage, event: tell } = theatre
  const began = Date.now()
  const times = new Map<number, { from: number; to: number }>()
  const struck: Struck[] = []
  const damage: Promise<void>[] = []
  const missed: string[] = []
  const attempt = async (fault: Fault, host: string, what: string, act: () => Promise<void>) => {
    try {
      await act()
    } catch (error) {
      missed.push(
        `${faultText({ ...fault, host })} could not be ${what}: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
  }
  let rollout: Rollout | null = null
  let kill = () => {}
  const watch = (event: Event) => {
    tell(event)
    if (event.kind === 'planned') rollout ??= event.rollout
    if (event.kind !== 'phase' || event.takingBack) return
    const at = Date.now()
    times.set(event.step, { from: event.phase === 'armed' ? at : (times.get(event.step)?.from ?? at), to: at })
    for (const fault of faults) {
      if (fault.step !== event.step || fault.phase !== event.phase || struck.some((one) => one.fault === fault))
        continue
      const host = fault.host ?? event.hosts[0] ?? ''
      struck.push({ fault, host, at })
      stage(`fault: ${faultText({ ...fault, host })}`)
      damage.push(attempt(fault, host, 'brought about', () => strike(twin, fault, host, () => kill())))
    }
  }
  const how = { former: sides.before.rendering, adopt: bare, without: [] }
  const send = async (without: readonly string[], report: (event: Event) => void) => {
    const run = deploy(sides.after, { ...how, without }, report)
    kill = () => run.kill()
    return await run.outcome
  }
  let outcome = await send(bare ? guests : [], watch)
  if (bare && outcome?.exit === 0 && guests.length > 0) {
    await twin.startGuests()
    outcome = await send([], watch)
  }
  await Promise.all(damage)
  if (struck.length === 0) return { outcome, recovery: null, rollout, times, struck, missed, began, ended: Date.now() }
  await sleep(settleMs)
  for (const { fault, host } of struck) {
    stage(`mending: ${faultText({ ...fault, host })}`)
    await attempt(fault, host, 'mended', () => mend(twin, fault, host, resume))
  }
  await timersFired(twin)
  stage('running the deployer once more')
  let recovery = await send([], tell)
  for (let again = 0; again < 3 && recovery?.exit === 5; again += 1) {
    await sleep(leaseMs)
    recovery = await send([], tell)
  }
  return { outcome, recovery, rollout, times, struck, missed, began, ended: Date.now() }
}
