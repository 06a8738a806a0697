/** Who stands at an instant of a rollout, and what a group needs then. */
import type { Group, Id } from '../../../renderers/renderer.ts'
import type { Facts, Pair } from './facts.ts'
import type { Job } from './job.ts'

/** One demand on a group: votes (pool: members) in place, and how many of them there have to be. */
export interface Demand {
  readonly standing: ReadonlyMap<Id, number>
  readonly needs: number
}

/** `done`: jobs that have been carried out. `active`: those that are going on. */
export interface Instant {
  readonly done: ReadonlySet<Job>
  readonly active: readonly Job[]
}

/**
 * All demands hold at once. A group has its old definition until the first job that makes one of its members begins, and its new one
 * once the last of them is over. In between a quorum's voters obey whichever definition they have: both must hold. A pool's minimum
 * is a promise: the smaller one is kept in between, but not before anything has changed, unless the change is that a member leaves.
 * Who joined does not count before the last of the group is in place: until then nobody asks it.
 */
export function demandsOf(facts: Facts, group: Pair, { done, active }: Instant): readonly Demand[] {
  const own = ownJobs(facts, group)
  const finished = own.filter((job) => done.has(job)).length
  const going = own.filter((job) => active.includes(job))
  const old = demand(facts, group.before, group.kind, done)
  if (finished === 0 && going.length === 0) return [old]
  const all = demand(facts, group.after, group.kind, done)
  if (finished === own.length) return [all]
  const known = new Set(group.before?.members.map(({ id }) => id))
  const young = { ...all, standing: new Map([...all.standing].filter(([id]) => known.has(id))) }
  if (group.kind === 'quorum') return [old, young]
  const leaves = going.some((job) => job.own.some((id) => group.ids.has(id) && isLeaving(facts, id)))
  const needs = finished === 0 && !leaves ? old.needs : Math.min(old.needs, young.needs)
  return [{ standing: new Map([...young.standing, ...old.standing]), needs }]
}

function ownJobs({ jobs }: Facts, { ids }: Pair): readonly Job[] {
  return jobs.filter((job) => job.own.some((id) => ids.has(id)))
}

function demand(facts: Facts, group: Group | undefined, kind: Pair['kind'], done: ReadonlySet<Job>): Demand {
  const members = group?.members.filter(({ id }) => isThere(facts, id, done)) ?? []
  const standing = new Map(members.map(({ id, votes }) => [id, kind === 'quorum' ? votes : 1]))
  return { standing, needs: group?.minimum ?? 0 }
}

function isLeaving(facts: Facts, id: Id): boolean {
  return facts.isIn('before', id) && !facts.isIn('after', id)
}

/** A member that comes is there when all that makes it is; one that leaves, until the first of it goes. */
export function isThere(facts: Facts, id: Id, done: ReadonlySet<Job>): boolean {
  if (facts.gone.has(id)) return false
  const [was, willBe] = [facts.isIn('before', id), facts.isIn('after', id)]
  if (was && willBe) return true
  const own = facts.jobs.filter((job) => job.own.includes(id))
  if (own.length === 0) return false
  return was ? !own.some((job) => done.has(job)) : willBe && own.every((job) => done.has(job))
}

export function weigh({ standing }: Demand, away: ReadonlySet<Id>): number {
  let sum = 0
  for (const [id, weight] of standing) if (!away.has(id)) sum += weight
  return sum
}

/** Of which a job makes, takes away or weakens a member, or which stands in for what it takes away: its safety rests on these. */
export function restsOn(job: Job, { ids }: Pair): boolean {
  return [...ids].some((id) => job.weak.has(id) || job.leans.has(id)) || job.own.some((id) => ids.has(id))
}
