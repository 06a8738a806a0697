/** How far a rollout is: who is in place, and what is demanded of a group meanwhile. */
import type { Group, Id } from '../../../renderers/renderer.ts'
import type { Draft } from './draft.ts'
import type { World } from './world.ts'

export interface Progress {
  /** Whether the member is in place before the step: one that comes is when all its steps are done, one that leaves until its first. */
  isThere(id: Id): boolean
  /** Members that the group had before and that are not there: gone with a lost host, or not in place yet. */
  missing(group: Id): readonly Id[]
  /**
   * What the group has and needs while `draft` is carried out. All of it has to hold. Until the last of its steps nobody can ask a member that the
   * old definition does not have: it cannot be up before its peers know it. So it does not count before.
   */
  demands(group: Id, draft: Draft): readonly Demand[]
}

export interface Demand {
  /** Votes (pool: members) in place by member id, before the step. */
  readonly standing: ReadonlyMap<Id, number>
  readonly needs: number
  /** Votes or members that the definition has in all. */
  readonly total: number
}

/** `done`: steps of earlier waves; `all`: those and what is still to come. */
export function progress(world: World, all: readonly Draft[], done: ReadonlySet<Draft>): Progress {
  const begun = new Set([...done].flatMap((draft) => draft.own))
  const open = new Set(all.flatMap((draft) => (done.has(draft) ? [] : draft.own)))
  const isThere = (id: Id) => {
    if (world.gone.has(id)) return false
    const [was, willBe] = [world.before.inPlace.has(id), world.after.inPlace.has(id)]
    if (was && willBe) return true
    return was ? open.has(id) && !begun.has(id) : willBe && begun.has(id) && !open.has(id)
  }
  return {
    isThere,
    missing: (group) =>
      (world.before.groups.get(group)?.members ?? [])
        .map(({ id }) => id)
        .filter((id) => world.gone.has(id) || (!world.before.inPlace.has(id) && !isThere(id))),
    demands: (group, draft) => {
      const [before, after] = [world.before.groups.get(group), world.after.groups.get(group)]
      const ids = [before, after].flatMap((side) => side?.members.map(({ id }) => id) ?? [])
      const isFresh = !ids.some((id) => begun.has(id))
      const own = draft.own.filter((id) => ids.includes(id))
      if (isFresh && own.length === 0) return [demand(before, isThere)]
      if (!ids.some((id) => open.has(id))) return [demand(after, isThere)]
      const known = new Set(before?.members.map(({ id }) => id))
      const isAsked = (id: Id) => isThere(id) && known.has(id)
      const both = [demand(before, isAsked), demand(after, isAsked)] as const
      if ((before ?? after)?.kind === 'quorum') return both
      const leaves = own.some((id) => world.before.inPlace.has(id) && !world.after.inPlace.has(id))
      return [between(both, isFresh && !leaves)]
    },
  }
}

/** The group worked before the rollout, and before hosts were lost: only then is there something to lose. */
export function isEstablished(world: World, group: Id): boolean {
  const before = world.before.groups.get(group)
  if (before === undefined) return false
  const { standing, needs } = demand(before, (id) => world.before.inPlace.has(id))
  return standing.size > 0 && sum(standing) >= needs
}

function demand(group: Group | undefined, isThere: (id: Id) => boolean): Demand {
  const weights = (group?.members ?? []).map(({ id, votes }) => [id, group?.kind === 'quorum' ? votes : 1] as const)
  const standing = new Map(weights.filter(([id]) => isThere(id)))
  return { standing, needs: group?.minimum ?? 0, total: sum(new Map(weights)) }
}

/**
 * While a pool turns from one definition into the other: its minimum is a promise, and the smaller one is kept until the last step. Nobody may
 * count on that before anything has changed, but where a member leaves with the very first step, that is the change.
 */
function between([old, young]: readonly [Demand, Demand], isFirst: boolean): Demand {
  const standing = new Map([...young.standing, ...old.standing])
  return {
    standing,
    needs: isFirst ? old.needs : Math.min(old.needs, young.needs),
    total: Math.max(old.total, young.total),
  }
}

function sum(weights: ReadonlyMap<Id, number>): number {
  return [...weights.values()].reduce((total, each) => total + each, 0)
}
