/** What the units of one host are told in a step, put together from its files. */
import type { Act } from '../../../renderers/renderer.ts'
import { canonicalJson } from '../bundle/canonical.ts'

/** Before a unit is restarted or reloaded it is stopped, disabled, enabled and started as far as anybody asks for it. */
const ranks = { stop: 0, disable: 1, enable: 2, start: 3, reload: 4, restart: 4 } as const

/**
 * The acts of several effects, each once. A restart stands for the start and the reload of the same unit; enable comes before start,
 * start before reload and restart. Otherwise each list keeps its own order; where lists contradict each other, the first counts.
 */
export function mergedActs(lists: readonly (readonly Act[])[]): readonly Act[] {
  const restarted = new Set(lists.flat().flatMap((act) => ('unit' in act && act.do === 'restart' ? [act.unit] : [])))
  const chains = lists.map((list) => list.map((act) => superseded(act, restarted)))
  const acts = new Map(chains.flat().map((act) => [canonicalJson(act), act]))
  return ordered([...acts.keys()], edges(chains, acts)).map((key) => acts.get(key) as Act)
}

function superseded(act: Act, restarted: ReadonlySet<string>): Act {
  const replaced = 'unit' in act && (act.do === 'start' || act.do === 'reload') && restarted.has(act.unit)
  return replaced ? { unit: act.unit, do: 'restart' } : act
}

function edges(chains: readonly (readonly Act[])[], acts: ReadonlyMap<string, Act>): readonly [string, string][] {
  const told = chains.flatMap((chain) => {
    const keys = [...new Set(chain.map((act) => canonicalJson(act)))]
    return keys.slice(1).map((key, index): [string, string] => [keys[index] as string, key])
  })
  const pairs = [...acts].flatMap(([a, first]) =>
    [...acts].filter(([, second]) => precedes(first, second)).map(([b]): [string, string] => [a, b]),
  )
  // What a list says about one unit against the ranks does not count.
  return [...told.filter(([a, b]) => !pairs.some(([c, d]) => a === d && b === c)), ...pairs]
}

function precedes(a: Act, b: Act): boolean {
  return 'unit' in a && 'unit' in b && a.unit === b.unit && ranks[a.do] < ranks[b.do]
}

/** Topological; ties, and what is left of a contradiction, in order of appearance. */
function ordered(keys: readonly string[], before: readonly [string, string][]): readonly string[] {
  const left = [...keys]
  const placed: string[] = []
  while (left.length > 0) {
    const free = left.findIndex((key) => !before.some(([a, b]) => b === key && left.includes(a)))
    placed.push(...left.splice(Math.max(free, 0), 1))
  }
  return placed
}
