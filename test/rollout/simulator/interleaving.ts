/** Every instant of a wave whose steps are carried out side by side, and whether all groups have what they need then. */
import { type Dice, diceOf } from './dice.ts'
import type { Facts, Pair } from './facts.ts'
import type { Run, Turn } from './run.ts'
import { demandsOf, type Instant, restsOn, weigh } from './standing.ts'

/** Up to so many steps side by side, all instants are looked at; beyond that the worst one, each step alone, and some by chance. */
const allOf = 3

export function unsafeInstants(facts: Facts, run: Run): readonly string[] {
  return run.waves.flatMap((wave, index) => {
    const found = instantsOf(wave, diceOf(index)).flatMap((instant) => judged(facts, wave, instant))
    return found.map((what) => `wave ${index + 1}: ${what}`)
  })
}

type Phase = 'waits' | 'active' | 'done'

function instantsOf(wave: readonly Turn[], dice: Dice): readonly (readonly Phase[])[] {
  const phases: readonly Phase[] = ['active', 'waits', 'done']
  const all = (count: number): readonly (readonly Phase[])[] =>
    count === 0 ? [[]] : all(count - 1).flatMap((rest) => phases.map((phase) => [phase, ...rest]))
  if (wave.length <= allOf) return all(wave.length)
  return [
    wave.map(() => 'active' as const),
    ...wave.map((turn) => wave.map((other): Phase => (other === turn ? 'active' : dice.pick(phases)))),
    ...Array.from({ length: 6 }, () => wave.map(() => dice.pick(phases))),
  ]
}

function judged(facts: Facts, wave: readonly Turn[], phases: readonly Phase[]): readonly string[] {
  const at = (phase: Phase) => wave.filter((_, index) => phases[index] === phase)
  const active = at('active').map(({ job }) => job)
  const instant = { done: new Set([...(wave[0]?.done ?? []), ...at('done').map(({ job }) => job)]), active }
  const away = new Set(active.flatMap((job) => [...job.away]))
  const fallen = active.length > 1 ? facts.fall([...away]) : away
  return [
    ...promised(facts, instant, fallen).flatMap((group) => short(facts, group, instant, fallen)),
    ...at('waits').flatMap(({ step }) =>
      facts.groups
        .filter(({ id }) => step.gate.includes(id))
        .filter(({ before, ids }) =>
          [...ids].some(
            (id) =>
              fallen.has(id) && before?.members.some((each) => each.id === id) === true && !step.missing.includes(id),
          ),
        )
        .map(({ id }) => `step ${step.id} cannot start whenever it likes: a step beside it takes members of ${id}`),
    ),
    ...at('active').flatMap((turn) => died(facts, turn, instant, fallen)),
  ]
}

/** Groups that worked, and that somebody lays hands on: what is below its minimum and left alone is nobody's fault. */
function promised(facts: Facts, { active }: Instant, fallen: ReadonlySet<string>): readonly Pair[] {
  const held = facts.groups.filter((group) => group.worked && !facts.acceptOutage.includes(group.id))
  return held.filter(
    (group) => active.some((job) => restsOn(job, group)) || [...group.ids].some((id) => fallen.has(id)),
  )
}

function short(facts: Facts, group: Pair, instant: Instant, away: ReadonlySet<string>): readonly string[] {
  return demandsOf(facts, group, instant)
    .filter((demand) => weigh(demand, away) < demand.needs)
    .map(
      (demand) =>
        `${instant.active.map(({ key }) => key).join(' and ')} leave ${group.id} with ${weigh(demand, away)}, needs ${demand.needs}`,
    )
}

/** Where a step says that one more host could die, it can, whatever goes on beside it. */
function died(facts: Facts, { step }: Turn, instant: Instant, away: ReadonlySet<string>): readonly string[] {
  if (instant.active.length < 2) return []
  const safe = step.groups.filter(({ margin, needs }) => margin > 0 && needs > 0)
  if (safe.length === 0) return []
  return facts.hosts.flatMap((host) => {
    const fallen = facts.fall([...away, ...facts.loss(host)])
    return facts.groups
      .filter(({ id }) => safe.some(({ group }) => group === id))
      .flatMap((group) => short(facts, group, instant, fallen))
      .map((what) => `when ${host} dies in step ${step.id}, ${what}`)
  })
}
