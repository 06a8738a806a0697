/** HA disarmed for one step that could not be over before a watchdog resets a node, and armed again whatever becomes of it. */
import { FailureError, type Failure } from '../failure.ts'
import type { Step } from '../rollout/rollout.ts'
import { allOf } from './all-of.ts'
import { armAgain, stillDisarmed } from './arm-again.ts'
import { deadlineOf, isAtRisk, type Deadline } from './deadline.ts'
import { fencing, haNow, type HaFact } from './fencing.ts'
import { hostScript, text } from './host-side.ts'
import type { Ending } from './progress.ts'
import { HostRefusal } from './session.ts'
import type { Job, StepEnd, Tools } from './step.ts'

export type HaEnd = { readonly kind: 'armed-again' } | { readonly kind: 'disarmed'; readonly failure: Failure }

/** How long the step may stay unconfirmed, and how much of that the groups have to hold still. Seconds. */
export type Time = Pick<Extract<Deadline, { readonly kind: 'armed' }>, 'seconds' | 'soak'>

export interface HaWindow {
  /** Disarms HA for a step of so many seconds that is refused otherwise, for `why`. Throws a FailureError where it stays armed. */
  open(facts: readonly HaFact[], why: string, seconds: number): Promise<void>
  isOpen(): boolean
  /** Throws a FailureError where so much time has passed that HA could be armed in the middle of the step. */
  refuseLate(): void
}

/**
 * From the request every node's manager needs a round of 10 s to see it, and the master one more to see that all have
 * (PVE/HA/Manager.pm, handle_disarm). Seconds.
 */
const disarmSeconds = 60
/** For the notes, for disarming, and for the gate afterwards. Seconds. */
const beforeSeconds = disarmSeconds + 90
/** For arming the step, and for taking it back after its deadline, besides the units' own time. Seconds. */
const afterSeconds = 90
const againMs = 2000
const callMs = 90_000

/** Carries a step out, and arms HA again where that disarmed it: also where it throws. */
export async function withHa(tools: Tools, job: Job, carryOut: (ha: HaWindow) => Promise<StepEnd>): Promise<StepEnd> {
  const window = haWindow(tools, job)
  let end: StepEnd
  try {
    end = await carryOut(window)
  } catch (error) {
    await window.close()
    throw error
  }
  const ha = await window.close()
  return ha === null ? end : { ...end, ha }
}

/** What the step may take. Where it would be too long only because HA is armed, HA is disarmed for it. */
export async function timeFor({ session, clock }: Tools, job: Job, ha: HaWindow): Promise<Time> {
  const facts = isAtRisk(job.step) ? await haNow(session, job.managers) : []
  const options = { views: [...job.own, ...job.whole], pace: clock.pace ?? 1 }
  const deadline = deadlineOf(job.step, { ...options, fencing: fencing(facts) })
  if (deadline.kind === 'armed') return deadline
  const unhurried = deadlineOf(job.step, { ...options, fencing: [] })
  if (unhurried.kind === 'refused') throw refused(unhurried.why)
  await ha.open(facts, deadline.why, unhurried.seconds)
  return unhurried
}

/** How a run ends that leaves HA disarmed: whatever became of the step, a person has to look first. */
export function leftDisarmed(
  { id }: Step,
  ending: Ending | null,
  left: Failure,
): { readonly ending: Ending; readonly hold: string } {
  const hold = 'while HA is not seen armed nothing else is touched'
  if (ending === null) {
    return { ending: { failure: { ...left, now: `step ${id} is confirmed; ${left.now}` }, exit: 4 }, hold }
  }
  const { what, where, now, next } = ending.failure
  const failure = {
    what: `${what}; and ${left.what}`,
    where,
    now: `${now}; ${left.now}`,
    next: `${left.next}; then: ${next}`,
  }
  return { ending: { failure, exit: 4 }, hold }
}

function haWindow(tools: Tools, job: Job) {
  const { session, clock, report } = tools
  const { step, managers } = job
  const name = job.stages[0]?.generation ?? ''
  const work = Math.ceil((clock.pace ?? 1) - 1)
  /** By the clock, when the first host may arm HA by itself; null while none can. */
  let until: number | null = null
  let latest = 0
  let told = false

  const tell = (ha: 'disarmed' | 'armed-again', detail: string) =>
    report({ kind: 'ha', step: step.id, steps: job.steps, ha, detail })

  /** Also where it fails a note may be there. */
  const note = async (seconds: number) => {
    until = clock.now() + seconds * 1000
    const script = [['script', Buffer.from(hostScript).toString('base64')]]
    await allOf(managers, (host) => session.write(host, 'note-ha', [name, String(seconds)], script, callMs))
  }

  /** One host is enough, and what it was told holds for all. */
  const disarm = async (left: number): Promise<string | null> => {
    const isApart = (host: string) => (step.affects.includes(host) ? 1 : 0)
    const faults: string[] = []
    for (const host of managers.toSorted((a, b) => isApart(a) - isApart(b))) {
      try {
        const { records } = await session.write(host, 'disarm-ha', [name, String(left)], [], callMs)
        told = true
        const failed = records.find(([kind]) => kind === 'failed')
        if (failed === undefined) return null
        faults.push(`${host}: ${text(failed[1])}`)
      } catch (error) {
        if (!(error instanceof FailureError)) throw error
        // Nobody knows how far that one got: it will be seen.
        if (!(error instanceof HostRefusal)) {
          told = true
          return null
        }
        faults.push(error.failure.what)
      }
    }
    return faults.join('; ')
  }

  /** Those on which HA is still not seen disarmed when the time is up. */
  const waitUntilDisarmed = async (): Promise<readonly HaFact[]> => {
    const end = clock.now() + disarmSeconds * 1000
    for (;;) {
      const open = (await haNow(session, managers)).filter(({ ha }) => ha !== 'disarmed')
      if (open.length === 0 || clock.now() > end) return open
      await clock.sleep(againMs)
    }
  }

  return {
    isOpen: () => told,
    refuseLate() {
      if (until !== null && clock.now() > latest)
        throw refused('HA was disarmed for this step too slowly: it would be armed again before the step is over')
    },
    async open(facts: readonly HaFact[], why: string, seconds: number): Promise<void> {
      if (!facts.every(({ ha, canDisarm }) => ha === 'armed' && canDisarm)) throw refused(why)
      latest = clock.now() + (beforeSeconds + work) * 1000
      const whole = beforeSeconds + work + seconds + step.maxSeconds + afterSeconds
      try {
        await note(whole)
      } catch (error) {
        if (!(error instanceof FailureError)) throw error
        throw refused(`${why}; and HA was not disarmed for it: ${error.failure.what}`)
      }
      const failed = await disarm(whole - beforeSeconds - work + disarmSeconds)
      if (failed !== null) throw refused(`${why}; and HA could not be disarmed for it: ${failed}`)
      const open = await waitUntilDisarmed()
      if (open.length > 0) {
        const still = open.map(({ host, ha }) => `${ha} on ${host}`).join(', ')
        throw refused(`${why}; and HA was told to disarm, but after ${disarmSeconds} s is still ${still}`)
      }
      tell('disarmed', `HA disarmed for this step; ${managers.join(', ')} arm it again by themselves in ${whole} s`)
    },
    /** Null where nobody was told to disarm. */
    async close(): Promise<HaEnd | null> {
      if (until === null) return null
      if (!told) {
        await allOf(managers, (host) =>
          session.write(host, 'forget-ha', [name], [], callMs).catch((error: unknown) => {
            if (!(error instanceof FailureError)) throw error
          }),
        )
        return null
      }
      const why = await armAgain(tools, name, managers)
      if (why === null) {
        tell('armed-again', 'HA armed again')
        return { kind: 'armed-again' }
      }
      const seconds = Math.max(0, Math.ceil((until - clock.now()) / 1000))
      return { kind: 'disarmed', failure: stillDisarmed(why, managers, `within ${seconds} s`) }
    },
  }
}

function refused(what: string): FailureError {
  const next = 'disarm HA first ("ha-manager crm-command disarm-ha freeze"), and arm it again afterwards'
  return new FailureError({ what, where: 'gate', now: 'the step was not begun', next }, 4)
}
