/** The change, rolled out on a twin, with what goes wrong on purpose meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Event } from '../deployment/event.ts'
import type { Outcome } from '../deployment/outcome.ts'
import type { Rollout } from '../rollout/rollout.ts'
import { mend, strike, timersFired, type Struck } from './damage.ts'
import type { DeployerRun } from './deployer.ts'
import { faultText, ofUnit, type Fault } from './fault.ts'
import { heldByAll } from './held.ts'
import type { Theatre } from './theatre.ts'
import { unitFaultCame, unitIn, unitState } from './unit-fault.ts'

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
  /** How it left the hosts, before the run after the fault; null where nothing was struck. */
  readonly left: Left | null
  /** A fault that could not be brought about, or mended, in a sentence; null: all went as meant. */
  readonly missed: string | null
  readonly began: number
  readonly ended: number
}

export interface Left {
  /** By host, once no timer can fire any more: "old", "new", or what is mixed. */
  readonly held: Readonly<Record<string, string>>
  /** States of the unit that a fault was about, before it struck and before it was mended, as systemd calls them; null for other faults. */
  readonly unit: { readonly was: string; readonly is: string } | null
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
  const now: Now = { struck: null, missed: null, damage: Promise.resolve(), run: null, was: '' }
  let rollout: Rollout | null = null
  let planned: Rollout | null = null
  const watch = (event: Event) => {
    tell(event)
    if (event.kind === 'planned') {
      planned = event.rollout
      rollout ??= planned
    }
    if (event.kind !== 'phase' || event.takingBack) return
    const at = Date.now()
    times.set(event.step, { from: event.phase === 'armed' ? at : (times.get(event.step)?.from ?? at), to: at })
    if (fault === null || now.struck !== null || fault.step !== event.step || fault.phase !== event.phase) return
    const host = fault.host ?? event.hosts[0] ?? ''
    now.struck = { fault, host, at, unit: unitIn(planned, event.step, host) }
    stage(`fault: ${faultText({ ...fault, host })}`)
    now.damage = damage(theatre, now, now.struck)
  }
  const { before, after } = sides
  // A machine that comes has files of its own, as every installed system does.
  const adopt = Object.keys(after.rendering.hosts).some((host) => before.rendering.hosts[host] === undefined)
  const how = { former: before.rendering, adopt: bare || adopt, without: [] }
  const send = async (without: readonly string[], report: (event: Event) => void) => {
    now.run = deploy(after, { ...how, without }, report)
    return await now.run.outcome
  }
  let outcome = await send(bare ? guests : [], watch)
  if (bare && outcome?.exit === 0 && guests.length > 0) {
    await twin.startGuests()
    outcome = await send([], watch)
  }
  await now.damage
  const { struck } = now
  if (struck === null)
    return { outcome, recovery: null, rollout, times, struck, left: null, missed: null, began, ended: Date.now() }
  const left = await aftermath(theatre, now, struck, resume)
  stage('running the deployer once more')
  let recovery = await send([], tell)
  for (let again = 0; again < 3 && recovery?.exit === 5; again += 1) {
    await sleep(leaseMs)
    recovery = await send([], tell)
  }
  return { outcome, recovery, rollout, times, struck, left, missed: now.missed, began, ended: Date.now() }
}

interface Now {
  struck: Struck | null
  missed: string | null
  damage: Promise<void>
  run: DeployerRun | null
  /** What state the unit was in that is about to be struck. */
  was: string
}

async function attempt(now: Now, { fault, host }: Struck, verb: string, act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    now.missed ??= `${faultText({ ...fault, host })} could not be ${verb}: ${why}`
  }
}

async function damage({ twin }: Theatre, now: Now, struck: Struck): Promise<void> {
  const { run } = now
  const { fault, host, unit } = struck
  // What has to be there before a unit is told must not race with the deployer.
  if (ofUnit(fault.name)) run?.freeze()
  await attempt(now, struck, 'brought about', async () => {
    if (ofUnit(fault.name) && unit !== null) now.was = await unitState(twin.machine(host), unit)
    await strike(twin, struck, () => run?.kill())
  })
  run?.thaw()
}

/** The rollout is over: how it left the hosts, and the fault is mended. */
async function aftermath(
  { twin, sides, stage }: Theatre,
  now: Now,
  struck: Struck,
  resume: (host: string) => void,
): Promise<Left> {
  const { fault, host, unit } = struck
  await sleep(settleMs)
  let state: Left['unit'] = null
  if (ofUnit(fault.name) && unit !== null && now.missed === null) {
    await attempt(now, struck, 'brought about', () => unitFaultCame(twin.machine(host), unit))
    state = { was: now.was, is: await unitState(twin.machine(host), unit) }
  }
  stage(`mending: ${faultText({ ...fault, host })}`)
  await attempt(now, struck, 'mended', () => mend(twin, struck, resume))
  await timersFired(twin)
  return { held: await heldByAll(twin, sides), unit: state }
}
