/** Which job may come before which: what stands on what, layers, and the order inside a part. */
import type { Facts } from './facts.ts'
import type { Job } from './job.ts'

/**
 * physical: nothing before what it stands on, and nothing taken away from under its users. layers: also cheap to lose first, part by part.
 * full: also the order inside a part (new ones first, hosts to come last, the one in charge, the order of the group).
 */
export type Strictness = 'physical' | 'layers' | 'full'

export interface Rules {
  /** Whether a job may be next while `open` (itself included) is still to be done. */
  mayBeNext(job: Job, open: ReadonlySet<Job>, strictness: Strictness): boolean
  /** Jobs that `job` has to come after, whatever else holds. */
  standsOn(job: Job): readonly Job[]
  /** Jobs of the same part that should come before. */
  shouldFollow(job: Job): readonly Job[]
  /** Whether something that the job's whole part waits for is still open. */
  isBlocked(job: Job, open: ReadonlySet<Job>): boolean
}

interface Class {
  readonly part: string
  readonly leaves: boolean
  readonly layer: number
  readonly jobs: readonly Job[]
}

export function rulesOf(facts: Facts): Rules {
  const classes = classesOf(facts.jobs)
  const classOf = new Map(classes.flatMap((each) => each.jobs.map((job) => [job, each] as const)))
  const after = new Map(classes.map((each) => [each, classes.filter((other) => waitsFor(facts, each, other))]))
  const below = new Map(facts.jobs.map((job) => [job, facts.jobs.filter((other) => stands(facts, job, other))]))
  const beside = new Map(
    facts.jobs.map((job) => [job, (classOf.get(job)?.jobs ?? []).filter((other) => comesFirst(facts, other, job))]),
  )
  const isBlockedClass = (each: Class, open: ReadonlySet<Job>): boolean =>
    (after.get(each) ?? []).some((other) => other.jobs.some((job) => open.has(job)))
  const isBlocked = (job: Job, open: ReadonlySet<Job>) => isBlockedClass(classOf.get(job) as Class, open)
  const standsOn = (job: Job) => below.get(job) ?? []
  const shouldFollow = (job: Job) => beside.get(job) ?? []
  return {
    standsOn,
    shouldFollow,
    isBlocked,
    mayBeNext: (job, open, strictness) => {
      if (standsOn(job).some((other) => open.has(other))) return false
      if (strictness === 'physical') return true
      const own = classOf.get(job) as Class
      if (isBlockedClass(own, open)) return false
      const left = classes.filter((each) => each.jobs.some((one) => open.has(one)) && !isBlockedClass(each, open))
      if (left.some((each) => each.layer < own.layer)) return false
      return strictness === 'layers' || !shouldFollow(job).some((other) => open.has(other))
    },
  }
}

function classesOf(jobs: readonly Job[]): readonly Class[] {
  const keys = [...new Set(jobs.map(({ part, kind }) => `${part} ${kind === 'removed'}`))]
  return keys.map((key) => {
    const own = jobs.filter(({ part, kind }) => `${part} ${kind === 'removed'}` === key)
    const layer = Math.max(...own.map((job) => job.layer))
    return { part: own[0]?.part ?? '', leaves: own[0]?.kind === 'removed', layer, jobs: own }
  })
}

function waitsFor(facts: Facts, each: Class, other: Class): boolean {
  if (each === other) return false
  if (each.leaves && !other.leaves && each.part === other.part) return true
  return each.jobs.some((job) => other.jobs.some((carrier) => stands(facts, job, carrier)))
}

/** New ones come before those that use them; those that leave come after. Nothing stands on what it is itself. */
function stands(facts: Facts, job: Job, other: Job): boolean {
  if (job === other) return false
  if (job.kind === 'removed') return uses(facts, other, job)
  return other.kind === 'new' && uses(facts, job, other)
}

function uses(facts: Facts, user: Job, carrier: Job): boolean {
  if (carrier.kind === 'changed') return false
  const carried = facts.fall(carrier.own, true)
  return user.own.some((id) => carried.has(id) && !carrier.own.includes(id))
}

function comesFirst(facts: Facts, a: Job, b: Job): boolean {
  if (a === b) return false
  if (a.kind !== b.kind) return a.kind === 'new'
  const isLast = (job: Job) => job.hosts.some((host) => facts.last.includes(host))
  if (isLast(a) !== isLast(b)) return isLast(b)
  const [chiefA, chiefB] = [takesTheChief(facts, a), takesTheChief(facts, b)]
  if (chiefA !== chiefB) return chiefB
  return facts.groups.some((group) => {
    const ids = (group.after ?? group.before)?.members.map(({ id }) => id) ?? []
    const rank = (job: Job) => ids.findIndex((id) => job.own.includes(id))
    return rank(a) >= 0 && rank(b) >= 0 && rank(a) < rank(b)
  })
}

/** Whether the last member of a pool that one member alone keeps up is away meanwhile: the master of a router. */
function takesTheChief(facts: Facts, job: Job): boolean {
  return facts.groups.some(({ kind, before }) => {
    if (kind !== 'pool' || before?.minimum !== 1 || before.members.length < 2) return false
    const chief = before.members.findLast(({ id }) => !facts.gone.has(id))
    return chief !== undefined && job.away.has(chief.id)
  })
}
