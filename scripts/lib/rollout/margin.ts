/** How many hosts more could die while something is away. */
import type { Id } from '../../../renderers/renderer.ts'
import { hostLosses, hostOf } from './interruption.ts'
import type { World } from './world.ts'

/**
 * Deaths that are tried, over all sets of so many hosts; where there are more, the single losses of the worst hosts are added up. One death
 * is always tried on every host: whether a step has a margin at all is exact.
 */
const triedDeaths = 1500

/** What is left of a group while a step lasts, and how many deaths more it bears. */
export type Margin = (
  standing: ReadonlyMap<Id, number>,
  needs: number,
) => { readonly during: number; readonly margin: number }

/**
 * By what a step takes away: every host that lives may die, with all that stands on it and hangs on it. −1: the group falls below its minimum
 * without that.
 */
export function marginIn(world: World, lost: readonly string[]): (away: ReadonlySet<Id>) => Margin {
  const names = world.members.flatMap((member) => [member.host, ...member.needs.flat().map(hostOf)])
  const hosts = [...new Set(names)].filter((host) => host !== '' && !lost.includes(host))
  const losses = hostLosses(world.members)
  const reachedBy = new Map<Id, string[]>()
  for (const host of hosts) {
    for (const id of world.interruption(losses.get(host) ?? [], 'doubtful')) {
      const known = reachedBy.get(id)
      if (known === undefined) reachedBy.set(id, [host])
      else known.push(host)
    }
  }
  return (away) => {
    const fallen = new Map<string, ReadonlySet<Id>>()
    const without = (dead: readonly string[]) => {
      const key = dead.join(' ')
      const known =
        fallen.get(key) ?? world.interruption([...away, ...dead.flatMap((host) => [...(losses.get(host) ?? [])])])
      fallen.set(key, known)
      return known
    }
    return (standing, needs) => {
      const left = (dead: readonly string[]) => sum(standing, without(dead))
      const during = sum(standing, away)
      if (during < needs) return { during, margin: -1 }
      const there = [...standing.keys()].filter((id) => !away.has(id))
      const relevant = [...new Set(there.flatMap((id) => reachedBy.get(id) ?? []))]
      if (left(relevant) >= needs) return { during, margin: relevant.length }
      const singles = relevant.map((host) => during - left([host])).toSorted((a, b) => b - a)
      const isFatal = (count: number) => {
        if (count > 1 && count * choices(relevant.length, count) <= triedDeaths)
          return subsets(relevant, count).some((dead) => left(dead) < needs)
        return during - singles.slice(0, count).reduce((total, each) => total + each, 0) < needs
      }
      const enough = Array.from(relevant, (_, index) => index + 1).find(isFatal)
      return { during, margin: (enough ?? relevant.length) - 1 }
    }
  }
}

function sum(standing: ReadonlyMap<Id, number>, away: ReadonlySet<Id>): number {
  return [...standing].reduce((total, [id, weight]) => total + (away.has(id) ? 0 : weight), 0)
}

function choices(of: number, count: number): number {
  return Array.from({ length: count }, (_, index) => (of - index) / (index + 1)).reduce(
    (product, each) => product * each,
    1,
  )
}

function subsets<T>(items: readonly T[], count: number): readonly (readonly T[])[] {
  if (count === 0) return [[]]
  if (count > items.length) return []
  return items.flatMap((item, index) => subsets(items.slice(index + 1), count - 1).map((rest) => [item, ...rest]))
}
