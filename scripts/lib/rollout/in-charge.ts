/** Who holds what is handed over when it goes away: the master of a virtual router. */
import type { Group, Id } from '../../../renderers/renderer.ts'
import type { World } from './world.ts'

/**
 * By member in charge, the group it is in charge of: the last one in the order of a pool that one member alone keeps up (without those on
 * lost hosts).
 * Whatever takes it away, by its own change or by its carrier's, comes after what takes away the others.
 */
export function inCharge(world: World): ReadonlyMap<Id, Group> {
  const pools = [...world.before.groups.values()].filter(
    ({ kind, minimum, members }) => kind === 'pool' && minimum === 1 && members.length > 1,
  )
  return new Map(
    pools.flatMap((group) => {
      const last = group.members.findLast(({ id }) => !world.gone.has(id))
      return last === undefined ? [] : [[last.id, group] as const]
    }),
  )
}
