/** How many lines of each changed file differ. */
import type { FileDiff } from '../bundle/diff.ts'
import type { Lines } from './rollout-rows.ts'

/** Looks a change up in the differences; null for one that is not among them. */
export function linesOf(diffs: readonly FileDiff[]): Lines {
  const counts = new Map(
    diffs.flatMap((diff) =>
      diff.hosts.map((host) => [`${host}:${diff.path}`, Math.max(diff.added, diff.removed)] as const),
    ),
  )
  return (change) => counts.get(`${change.host}:${change.path}`) ?? null
}
