/** The waves of a rollout, one after the other; after the first failure no further step starts. */
import pLimit from 'p-limit'
import { FailureError } from '../failure.ts'
import type { Step } from '../rollout/rollout.ts'
import { allOf } from './all-of.ts'
import { leftDisarmed } from './disarm.ts'
import { isAtRisk } from './deadline.ts'
import { withPart, jobOf, type Course, type Done } from './job.ts'
import type { Ending, Progress } from './progress.ts'
import type { DeployRequest } from './request.ts'
import type { Session } from './session.ts'
import { carryOut, type StepEnd } from './step.ts'

/** Steps of one wave that are carried out at the same time. */
const sideBySide = 16

export interface Failed {
  /** The step that failed; null where it was something between two steps. */
  readonly step: number | null
  readonly ending: Ending
  /** Why nothing that was confirmed is to be touched now. Absent where it may be. */
  readonly hold?: string
}

/** Null where all went well. Notes the end of every step in `progress`. */
export async function carryOutAll(
  session: Session,
  request: Pick<DeployRequest, 'clock' | 'report'>,
  course: Course,
  progress: Pick<Progress, 'ends'>,
  keepLease: () => Promise<void>,
): Promise<Failed | null> {
  let done: Done = new Map()
  for (const wave of course.rollout.waves) {
    const limit = pLimit(sideBySide)
    // HA may have to be disarmed for each of them, and is armed again before the next one begins.
    const turn = pLimit(1)
    let failed: Failed | null = null
    let broken = false
    const before = done
    // Also where one of them breaks off, the others come to their end while the lease is still held.
    await allOf(wave, (step) =>
      limit(async () => {
        if (failed !== null || broken) return
        const carry = () => oneStep(session, request, course, step, before, keepLease)
        const end = await (isAtRisk(step) ? turn(carry) : carry()).catch((error: unknown) => {
          broken = true
          throw error
        })
        progress.ends.set(step.id, end)
        if (end.kind === 'confirmed')
          done = withPart(
            done,
            step.writes.map(({ host }) => host),
            step.part,
          )
        if (end.ha?.kind === 'disarmed' || end.kind !== 'confirmed') failed ??= failedBy(step, end)
      }),
    )
    if (failed !== null) return failed
  }
  return null
}

/** The name under which a step's bytes are kept on its hosts. */
export function generationName(fence: number, step: number, takingBack: boolean): string {
  return `${String(fence).padStart(6, '0')}-${takingBack ? 'b' : 's'}${String(step).padStart(4, '0')}`
}

async function oneStep(
  session: Session,
  request: Pick<DeployRequest, 'clock' | 'report'>,
  course: Course,
  step: Course['rollout']['waves'][number][number],
  done: Done,
  keepLease: () => Promise<void>,
): Promise<StepEnd> {
  const { clock, report } = request
  try {
    await keepLease()
    const generation = generationName(session.fence, step.id, course.oldBytes !== null)
    const job = await jobOf(session, course, step, done, generation)
    return await carryOut({ session, clock, report }, job)
  } catch (error) {
    if (!(error instanceof FailureError)) throw error
    return { kind: 'not-started', why: error.failure.what, faults: [], exit: error.exit, next: error.failure.next }
  }
}

function failedBy(step: Step, end: StepEnd): Failed {
  const ending = end.kind === 'confirmed' ? null : endingOf(step, end)
  if (end.ha?.kind !== 'disarmed') return { step: step.id, ending: ending as Ending }
  return { step: step.id, ...leftDisarmed(step, ending, end.ha.failure) }
}

function endingOf({ id: step, part, writes }: Step, end: Exclude<StepEnd, { readonly kind: 'confirmed' }>): Ending {
  const where = `step ${step}, ${part} on ${writes.map(({ host }) => host).join(', ')}`
  if (end.kind === 'not-started') {
    const failure = { what: end.why, where, now: 'it was not begun', next: end.next }
    return { failure, exit: end.exit }
  }
  const known = Object.values(end.hosts).every(({ state }) => state === 'reverted')
  const now = Object.entries(end.hosts).map(([host, { detail }]) => `${host}: ${detail}`)
  const next = known
    ? 'mend the definition, and run again'
    : 'look at these hosts, then run again: what is pending is finished first'
  return { failure: { what: end.why, where, now: now.join('; '), next }, exit: known ? 3 : 4 }
}
