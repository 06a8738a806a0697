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
  /** What went wrong on purpose; null where nothing did. */
  readonly struck: Struck | null
  /** A fault that could not be brought about, or mended, in a sentence; null: all went as meant. */
  readonly missed: string | null
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
  fault: Fault | null,
  bare: boolean,
  resume: (host: string) => void,
): Promise<Rolled> {
  const { twin, sides, guests, deploy, stage, event: tell } = theatre
  const began = Date.now()
  const times = new Map<number, { from: number; to: number }>()
  const now: { struck: Struck | null; missed: string | null; damage: Promise<void> } = {
    struck: null,
    missed: null,
    damage: Promise.resolve(),
  }
  const attempt = async ({ fault: what, host }: Struck, verb: string, act: () => Promise<void>) => {
    try {
      await act()
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      now.missed ??= `${faultText({ ...what, host })} could not be ${verb}: ${why}`
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
    if (fault === null || now.struck !== null || fault.step !== event.step || fault.phase !== event.phase) return
    const struck = { fault, host: fault.host ?? event.hosts[0] ?? '', at }
    now.struck = struck
    stage(`fault: ${faultText({ ...fault, host: struck.host })}`)
    now.damage = attempt(struck, 'brought about', () => strike(twin, fault, struck.host, () => kill()))
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
  await now.damage
  let recovery: Outcome | null = null
  const { struck } = now
  if (struck !== null) {
    await sleep(settleMs)
    stage(`mending: ${faultText({ ...struck.fault, host: struck.host })}`)
    await attempt(struck, 'mended', () => mend(twin, struck.fault, struck.host, resume))
    await timersFired(twin)
    stage('running the deployer once more')
    recovery = await send([], tell)
    for (let again = 0; again < 3 && recovery?.exit === 5; again += 1) {
      await sleep(leaseMs)
      recovery = await send([], tell)
    }
  }
  return { outcome, recovery, rollout, times, struck, missed: now.missed, began, ended: Date.now() }
}
