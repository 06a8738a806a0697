/** A rollout, carried out on the hosts: what it takes to begin, the waves one after the other, and what follows when one fails. */
import { FailureError } from '../failure.ts'
import type { Rollout } from '../rollout/rollout.ts'
import { agree } from './agree.ts'
import { carryOutAll } from './course.ts'
import type { Outcome } from './outcome.ts'
import { outcomeOf, type Progress } from './progress.ts'
import { recordAll } from './record.ts'
import type { DeployRequest } from './request.ts'
import { openSession } from './session.ts'
import { start } from './start.ts'
import { takeBack } from './take-back.ts'
import { leftToDo } from './left-to-do.ts'
import { waysTo } from './ways.ts'
import { refuseShut } from './ways-in.ts'

/**
 * Deploys, or says what would be deployed. Never throws for what hosts do or say: the outcome tells, per host and per step.
 * With `apply` false nothing is written on any host.
 */
export async function deploy(request: DeployRequest): Promise<Outcome> {
  const session = openSession(
    request.connect,
    waysTo(request.target, request.formerWays ?? {}),
    request.token,
    request.clock,
  )
  const progress: Progress = { facts: new Map(), rollout: null, ends: new Map(), back: new Map(), recorded: new Set() }
  let release = () => Promise.resolve()
  try {
    const begun = await start(session, request, progress)
    release = begun.release
    const course = await agree(session, begun, request, progress)
    request.report({ kind: 'planned', rollout: course.rollout, steps: course.rollout.waves.flat().length })
    tellOwn(request, course.rollout)
    await refuseShut(session, course.rollout, course.before, course.target.hosts)
    if (!request.apply) return outcomeOf(request, progress, null)
    const failure = await carryOutAll(session, request, course, progress, begun.keepLease)
    if (failure === null) {
      await recordAll(session, course, progress)
      request.report({ kind: 'done', detail: `${progress.ends.size} steps confirmed` })
      return outcomeOf(request, progress, leftToDo(course.rollout))
    }
    return outcomeOf(request, progress, await takeBack(session, request, course, progress, failure, begun.keepLease))
  } catch (error) {
    if (!(error instanceof FailureError)) throw error
    return outcomeOf(request, progress, { failure: error.failure, exit: error.exit })
  } finally {
    await release()
    session.close()
  }
}

/** A deployer that dies with its own host, or behind it, is as one that was killed: that is to be known before. */
function tellOwn({ own = [], report }: DeployRequest, rollout: Rollout): void {
  const mine = rollout.waves.flat().filter(({ affects }) => affects.some((host) => own.includes(host)))
  if (mine.length === 0) return
  const steps = `${mine.length === 1 ? 'step' : 'steps'} ${mine.map(({ id }) => id).join(', ')}`
  const detail = `this run is on ${own.join(', ')}, or goes out through it, and ${steps} may end it: that counts as a kill, the step takes itself back in time, and "quorate deploy" goes on from there`
  report({ kind: 'waiting', detail })
}
