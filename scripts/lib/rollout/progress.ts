/** How far a rollout is: who is in place, and which of two minimums holds. */
import type { Group, Id } from '../../../renderers/renderer.ts'
import type { Draft } from './draft.ts'
import type { World } from './world.ts'

export interface Progress {
  /** Votes (pool: members) in place by member id, before the step. Members that are still to come are not in it. */
  standing(group: Id): ReadonlyMap<Id, number>
  /** Members that the group had before and that are not there: gone with a lost host, or not in place yet. */
  missing(group: Id): readonly Id[]
  /** What the group needs while `draft` is carried out. */
  needs(group: Id, draft: Draft): number
}

/** `done`: steps of earlier waves; `all`: those and what is still to come. */
export function progress(world: World, all: readonly Draft[], done: ReadonlySet<Draft>): Progress {
  const own = new Set(all.flatMap((draft) => draft.own))
  const open = new Set(all.flatMap((draft) => (done.has(draft) ? [] : draft.own)))
  const isThere = (id: Id) => {
    if (world.gone.has(id)) return false
    if (!world.after.inPlace.has(id)) return world.before.inPlace.has(id) && open.has(id)
    return world.before.inPlace.has(id) || (own.has(id) && !open.has(id))
  }
  return {
    standing: (group) => new Map([...votes(world, group)].filter(([id]) => isThere(id))),
    missing: (group) =>
      (world.before.groups.get(group)?.members ?? [])
        .map(({ id }) => id)
        .filter((id) => world.gone.has(id) || (!world.before.inPlace.has(id) && !isThere(id))),
    needs: (group, draft) => {
      const members = [...votes(world, group).keys()]
      const started = members.some((id) => own.has(id) && !open.has(id)) || members.some((id) => draft.own.includes(id))
      if (!started) return minimum(world.before.groups.get(group))
      const ended = !members.some((id) => open.has(id))
      if (ended) return minimum(world.after.groups.get(group))
      return between(world.before.groups.get(group), world.after.groups.get(group))
    },
  }
}

/** The group worked before the rollout, and before hosts were lost: only then is there something to lose. */
export function isEstablished(world: World, group: Id): boolean {
  const before = world.before.groups.get(group)
  if (before === undefined) return false
  const there = before.members.filter((member) => world.before.inPlace.has(member.id))
  const sum = there.reduce((total, member) => total + (before.kind === 'quorum' ? member.votes : 1), 0)
  return there.length > 0 && sum >= before.minimum
}

/** By member of either side; where the sides differ, the smaller number of votes. */
function votes(world: World, id: Id): ReadonlyMap<Id, number> {
  const weights = new Map<Id, number>()
  for (const group of [world.before.groups.get(id), world.after.groups.get(id)]) {
    for (const member of group?.members ?? []) {
      const own = group?.kind === 'quorum' ? member.votes : 1
      weights.set(member.id, Math.min(own, weights.get(member.id) ?? own))
    }
  }
  return weights
}

/**
 * While a group turns from one definition into the other: a voter obeys whichever it has, so the larger majority has to be there; a
 * pool's minimum is a promise, and the new one is made with the last step.
 */
function between(before: Group | undefined, after: Group | undefined): number {
  const both = [minimum(before), minimum(after)]
  return (before ?? after)?.kind === 'quorum' ? Math.max(...both) : Math.min(...both)
}

function minimum(group: Group | undefined): number {
  return group?.minimum ?? 0
}
