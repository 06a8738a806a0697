/** Whether an order breaks no more rules than it has to, and whether a refusal was needed. */
import { cellsOf } from './cells.ts'
import type { Facts } from './facts.ts'
import type { Job } from './job.ts'
import { type Rules, rulesOf, type Strictness } from './order.ts'
import type { Run } from './run.ts'
import { safeOrder, searched } from './search.ts'
import type { Disturb } from './tight.ts'

/** Where a rule is broken, no safe order keeps it; among few jobs only that can be told. */
export function brokenOrder(facts: Facts, run: Run, disturb: Disturb): readonly string[] {
  const rules = rulesOf(facts)
  const waveOf = new Map(run.waves.flatMap((wave, index) => wave.map(({ job }) => [job, index] as const)))
  const pairs = facts.jobs.flatMap((a) => facts.jobs.map((b) => [a, b] as const)).filter(([a, b]) => a !== b)
  const wave = (job: Job) => waveOf.get(job) ?? 0
  const cells = cellsOf(facts)
  const inverted = pairs.filter(([a, b]) => {
    if (a.layer >= b.layer || wave(b) >= wave(a) || cells(a.hosts[0] ?? '') !== cells(b.hosts[0] ?? '')) return false
    return !rules.isBlocked(a, new Set(facts.jobs.filter((job) => wave(job) >= wave(b))))
  })
  const unfollowed = pairs.filter(([a, b]) => rules.shouldFollow(b).includes(a) && wave(b) < wave(a) && disturb(a, b))
  const text = ([a, b]: readonly [Job, Job]) => `${b.key} comes before ${a.key}`
  return [
    ...pairs
      .filter(([a, b]) => rules.standsOn(b).includes(a) && wave(b) <= wave(a))
      .map((pair) => `${text(pair)}, on which it stands`),
    ...needless(
      facts,
      rules,
      'layers',
      inverted.map((pair) => `${text(pair)}, which is cheaper to lose`),
    ),
    ...needless(
      facts,
      rules,
      'full',
      unfollowed.map((pair) => `${text(pair)}, against the order inside the part`),
    ),
  ]
}

function needless(facts: Facts, rules: Rules, strictness: Strictness, broken: readonly string[]): readonly string[] {
  if (broken.length === 0 || facts.jobs.length > searched) return []
  const order = safeOrder(facts, rules, strictness)
  return order === null ? [] : broken.map((what) => `${what}; safe would be ${order.map(({ key }) => key).join(', ')}`)
}

/** A refusal for which there was no need: the order that is safe. Empty also where there are too many jobs to try every order. */
export function needlessRefusal(facts: Facts): readonly string[] {
  if (facts.jobs.length > searched) return []
  const order = safeOrder(facts, rulesOf(facts), 'physical')
  return order === null ? [] : [`it is refused, but safe would be ${order.map(({ key }) => key).join(', ')}`]
}
