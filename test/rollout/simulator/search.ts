/** Every order of the jobs, tried: is there a safe one? */
import type { Facts } from './facts.ts'
import type { Job } from './job.ts'
import type { Rules, Strictness } from './order.ts'
import { demandsOf, restsOn, weigh } from './standing.ts'

/** With so many jobs at most every order is tried. */
export const searched = 9

/** The first safe order found; null where there is none. What can be done after some jobs does not depend on the order in which they were done. */
export function safeOrder(facts: Facts, rules: Rules, strictness: Strictness): readonly Job[] | null {
  const dead = new Set<string>()
  const from = (done: readonly Job[]): readonly Job[] | null => {
    const open = new Set(facts.jobs.filter((job) => !done.includes(job)))
    if (open.size === 0) return done
    const key = [...open].map((job) => job.key).join(' ')
    if (dead.has(key)) return null
    for (const job of open) {
      if (!rules.mayBeNext(job, open, strictness) || !isSafe(facts, job, new Set(done))) continue
      const found = from([...done, job])
      if (found !== null) return found
    }
    dead.add(key)
    return null
  }
  return from([])
}

function isSafe(facts: Facts, job: Job, done: ReadonlySet<Job>): boolean {
  return facts.groups
    .filter((group) => group.worked && !facts.acceptOutage.includes(group.id) && restsOn(job, group))
    .every((group) =>
      demandsOf(facts, group, { done, active: [job] }).every((demand) => weigh(demand, job.away) >= demand.needs),
    )
}
