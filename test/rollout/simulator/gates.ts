/** What a step asks before it starts and before it is confirmed: after a failure no step may start whose safety rests on what failed. */
import type { Id } from '../../../renderers/renderer.ts'
import type { Facts } from './facts.ts'
import { type Fall, fallAmong } from './fall.ts'
import type { Job } from './job.ts'
import type { Run, Turn } from './run.ts'
import { demandsOf, isThere, restsOn, weigh } from './standing.ts'

export function openGates(facts: Facts, run: Run): readonly string[] {
  const turns = run.waves.flat()
  return [
    ...turns.flatMap((turn) => [...ungated(facts, turn), ...missing(facts, turn), ...blind(facts, turn)]),
    ...incomplete(facts, turns),
  ]
}

/** Whatever a step can hurt is asked before and after, unless it is below its minimum and that was accepted. */
function ungated(facts: Facts, { step, job, done }: Turn): readonly string[] {
  return facts.groups
    .filter((group) => group.worked && restsOn(job, group))
    .filter((group) =>
      demandsOf(facts, group, { done, active: [job] }).every((demand) => weigh(demand, new Set()) >= demand.needs),
    )
    .filter(({ id }) => !step.gate.includes(id) || !step.whole.includes(id))
    .map(({ id }) => `step ${step.id} is not gated by ${id}`)
}

/** Nobody else is left out of a gate, and nobody is asked for who cannot answer. */
function missing(facts: Facts, { step, done }: Turn): readonly string[] {
  const gated = facts.groups.filter(({ id }) => step.gate.includes(id)).flatMap(({ before }) => before?.members ?? [])
  const absent = gated.filter(
    ({ id }) => facts.gone.has(id) || (!facts.isIn('before', id) && !isThere(facts, id, done)),
  )
  const wanted = [...new Set(absent.map(({ id }) => id))].toSorted().join(' ')
  return wanted === step.missing.join(' ')
    ? []
    : [`step ${step.id} misses ${step.missing.join(' ')}, but missing are ${wanted}`]
}

/** One host, or one member that others need, fails before the step: if the step is not safe any more, its gate has to see that. */
function blind(facts: Facts, { step, job, done }: Turn): readonly string[] {
  const worked = facts.groups.filter((group) => group.worked)
  const promising = worked.filter((group) => !facts.acceptOutage.includes(group.id))
  const held = promising.map((group) => {
    return { id: group.id, demands: demandsOf(facts, group, { done, active: [job] }) }
  })
  // Who counts is asked. A group that may fall is not, once it is below its minimum; so nobody may count on it.
  const asked = new Set(held.flatMap(({ demands }) => demands.flatMap(({ standing }) => [...standing.keys()])))
  const failures: readonly (readonly [name: string, ids: readonly Id[]])[] = [
    ...facts.hosts.map((host) => [host, facts.loss(host).filter((id) => asked.has(id))] as const),
    ...facts.members
      .filter(({ id, provides }) => provides.length > 0 && asked.has(id))
      .map(({ id }) => [id, [id]] as const),
  ]
  const gates = worked.filter(({ id }) => step.gate.includes(id))
  const broken = (fall: Fall, start: readonly Id[]) => {
    const down = fall(start)
    if (gates.some(({ ids }) => [...ids].some((id) => down.has(id) && asked.has(id)))) return []
    const both = fall([...start, ...job.away])
    return held.filter(({ demands }) =>
      demands.some((demand) => weigh(demand, both) < Math.min(demand.needs, weigh(demand, down))),
    )
  }
  return failures.flatMap(([name, start]) => {
    if (broken(facts.fall, start).length === 0) return []
    // Nobody can be asked who is not there: what such a member is said to provide counts as there.
    const groups = broken(fallOfAsked(facts, asked, job), start)
    return groups.map(({ id }) => `step ${step.id} starts although ${name} is down, and breaks ${id}`)
  })
}

function fallOfAsked(facts: Facts, asked: ReadonlySet<Id>, { away }: Job): Fall {
  return fallAmong(
    facts.members.filter(({ id }) => asked.has(id) || away.has(id)),
    facts.gone,
  )
}

/** Every group that is as the new definition has it was asked for once, when the last of it came. */
function incomplete(facts: Facts, turns: readonly Turn[]): readonly string[] {
  return facts.groups.flatMap((group) => {
    if (group.after === undefined) return []
    const building = turns.filter(({ job }) => job.own.some((id) => group.ids.has(id)))
    const asked = turns.filter(({ step }) => step.completes.includes(group.id))
    const isRight = building.length === 0 ? asked.length === 0 : asked.length === 1 && asked[0] === building.at(-1)
    return isRight || facts.acceptOutage.includes(group.id)
      ? []
      : [`${group.id} is completed by ${asked.map(({ step }) => step.id).join() || 'nobody'}`]
  })
}
