/** What a step says of its groups, recounted. */
import type { Id } from '../../../renderers/renderer.ts'
import type { Facts } from './facts.ts'
import type { Run, Turn } from './run.ts'
import { type Demand, demandsOf, isThere, restsOn, weigh } from './standing.ts'

/** Beyond so many hosts a large margin is only estimated by the planner: then a margin of more than one is not recounted. */
const exactHosts = 9

export function wrongNumbers(facts: Facts, run: Run): readonly string[] {
  return run.waves
    .flat()
    .flatMap((turn) => [...missedGroups(facts, turn), ...miscounted(facts, turn), ...misnamed(facts, turn)])
}

function missedGroups(facts: Facts, { step, job }: Turn): readonly string[] {
  const told = step.groups.map(({ group }) => group)
  return facts.groups
    .filter((group) => group.worked && restsOn(job, group) && !told.includes(group.id))
    .map(({ id }) => `step ${step.id} does not tell of ${id}`)
}

function miscounted(facts: Facts, { step, job, done }: Turn): readonly string[] {
  const count = counter(facts, job.away)
  return step.groups.flatMap((told) => {
    const group = facts.groups.find(({ id }) => id === told.group)
    if (group === undefined) return [`step ${step.id} tells of ${told.group}, which nobody has`]
    const figures = demandsOf(facts, group, { done, active: [job] }).map((demand) => {
      const before = weigh(demand, new Set())
      return { before, during: weigh(demand, job.away), needs: demand.needs, margin: count(demand) }
    })
    // Of two demands that both hold, the tighter one is told.
    const [tight] = figures.toSorted((a, b) => a.margin - b.margin || a.during - a.needs - (b.during - b.needs))
    const bound = facts.hosts.length > exactHosts ? 2 : Number.POSITIVE_INFINITY
    const text = (one: { before: number; during: number; needs: number; margin: number } | undefined) =>
      `${one?.before} → ${one?.during}, needs ${one?.needs}, margin ${Math.min(one?.margin ?? 0, bound)}`
    return text(told) === text(tight)
      ? []
      : [`step ${step.id} tells of ${told.group} ${text(told)}; it is ${text(tight)}`]
  })
}

/** How many hosts more may die, over every set of hosts that could. */
function counter(facts: Facts, away: ReadonlySet<Id>): (demand: Demand) => number {
  const fallen = new Map<string, ReadonlySet<Id>>()
  const without = (dead: readonly string[]) => {
    const key = dead.join()
    const known = fallen.get(key) ?? facts.fall([...away, ...dead.flatMap((host) => facts.loss(host))])
    fallen.set(key, known)
    return known
  }
  const touched = new Map(facts.hosts.map((host) => [host, facts.fall(facts.loss(host), true)]))
  return (demand) => {
    if (weigh(demand, away) < demand.needs) return -1
    const left = [...demand.standing.keys()].filter((id) => !away.has(id))
    const near = facts.hosts.filter((host) => left.some((id) => touched.get(host)?.has(id)))
    if (weigh(demand, without(near)) >= demand.needs) return near.length
    for (let size = 1; size <= near.length; size += 1) {
      if (choices(near, size).some((dead) => weigh(demand, without(dead)) < demand.needs)) return size - 1
    }
    return near.length
  }
}

function choices<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  if (size === 0) return [[]]
  return items.flatMap((item, index) => choices(items.slice(index + 1), size - 1).map((rest) => [item, ...rest]))
}

/** Whoever stands and is taken away is named, and every host where that happens. */
function misnamed(facts: Facts, { step, job, done }: Turn): readonly string[] {
  const members = facts.members.filter(({ id }) => job.away.has(id) && isThere(facts, id, done))
  const ids = new Set(members.flatMap(({ id, provides }) => [id, ...provides]))
  const hosts = new Set([...job.hosts, ...members.map(({ host }) => host)])
  return [
    ...[...ids]
      .filter((id) => !step.interrupts.includes(id))
      .map((id) => `step ${step.id} interrupts ${id}, and does not say so`),
    ...step.interrupts.filter((id) => !job.away.has(id)).map((id) => `step ${step.id} does not interrupt ${id}`),
    ...[...hosts]
      .filter((host) => !step.affects.includes(host))
      .map((host) => `step ${step.id} affects ${host}, and does not say so`),
  ]
}
