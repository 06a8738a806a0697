/** A rollout as the simulator carries it out: the planner's steps, each matched with the job that it is. */
import type { Rollout, Step } from '../../../scripts/lib/rollout/rollout.ts'
import type { Facts } from './facts.ts'
import type { Job } from './job.ts'

export interface Run {
  readonly waves: readonly (readonly Turn[])[]
  /** Jobs that are left out, done twice, cut to pieces, or made up. */
  readonly faults: readonly string[]
}

export interface Turn {
  readonly step: Step
  readonly job: Job
  /** Jobs of earlier waves. */
  readonly done: ReadonlySet<Job>
  /** Jobs of the same wave. */
  readonly beside: readonly Job[]
}

export function runOf(facts: Facts, rollout: Rollout): Run {
  const open = new Map(facts.jobs.map((job) => [job.key, job]))
  const faults: string[] = []
  const done = new Set<Job>()
  const waves: (readonly Turn[])[] = []
  for (const wave of rollout.waves) {
    const taken = wave.flatMap((step) => {
      const hosts = step.writes.map(({ host }) => host).toSorted()
      const job = open.get(`${step.part}@${hosts.join('+')}`)
      open.delete(job?.key ?? '')
      if (job === undefined) faults.push(`step ${step.id} is no job: ${step.part} on ${hosts.join(', ')}`)
      return job === undefined ? [] : [{ step, job }]
    })
    const jobs = taken.map(({ job }) => job)
    const before = new Set(done)
    waves.push(taken.map((each) => ({ ...each, done: before, beside: jobs.filter((job) => job !== each.job) })))
    for (const job of jobs) done.add(job)
  }
  const turns = waves.flat()
  faults.push(...[...open.keys()].map((key) => `nobody does ${key}`))
  faults.push(
    ...turns
      .filter(({ step, job }) => pathsOf(step) !== job.paths.join())
      .map(({ step }) => `step ${step.id} does not write what changes`),
  )
  faults.push(
    ...turns
      .filter(({ step, job }) => step.layer !== job.layer)
      .map(({ step, job }) => `step ${step.id} is of layer ${step.layer}, not ${job.layer}`),
  )
  faults.push(...turns.flatMap((turn) => outOfStep(turn)))
  return { waves, faults }
}

/** Where hosts move together: nobody but the one in charge runs while it changes, and that one runs on. Elsewhere nobody is stopped. */
function outOfStep({ step, job }: Turn): readonly string[] {
  const { lockstep } = step
  const wanted = job.move === null ? null : job.hosts.filter((host) => host !== job.move?.inCharge)
  const stopped = lockstep === undefined ? null : Object.keys(lockstep.stop).toSorted()
  const isSame = wanted?.join() === stopped?.join() && job.move?.inCharge === lockstep?.inCharge
  const isLate = lockstep !== undefined && step.writes.slice(1).some(({ host }) => host === lockstep.inCharge)
  return [
    ...(isSame ? [] : [`step ${step.id} stops ${stopped?.join(', ')}; to be stopped are ${wanted?.join(', ')}`]),
    ...(isLate ? [`step ${step.id} does not begin with ${lockstep.inCharge}`] : []),
  ]
}

function pathsOf({ writes }: Step): string {
  return writes
    .flatMap(({ host, changes }) => changes.map(({ path }) => `${host}:${path}`))
    .toSorted()
    .join()
}
