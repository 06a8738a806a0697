/** What a rollout has put its own files over: bytes that were somebody else's. */
import type { Step } from '../rollout/rollout.ts'
import { driftOf } from './assess.ts'
import type { Facts } from './inspect.ts'

/**
 * Files of these steps that were adopted, or that somebody had edited since they were deployed: "host:path", sorted.
 * `facts`: what the hosts said before the rollout.
 */
export function notOurs(facts: ReadonlyMap<string, Facts>, steps: readonly Step[]): readonly string[] {
  const drifted = new Set(driftOf(facts).map(({ host, path }) => `${host}:${path}`))
  const changes = steps.flatMap(({ writes }) => writes.flatMap((write) => write.changes))
  return changes
    .filter(({ host, path }) => drifted.has(`${host}:${path}`) || isAdopted(facts, host, path))
    .map(({ host, path }) => `${host}:${path}`)
    .toSorted()
}

/** What all nodes share is ours where one of them knows it. */
function isAdopted(facts: ReadonlyMap<string, Facts>, host: string, path: string): boolean {
  const there = facts.get(host)?.paths[path]?.kind ?? 'absent'
  const known = [...facts.values()].flatMap((fact) =>
    fact.managed.filter(({ store }) => fact.host === host || store === 'pmxcfs'),
  )
  return there !== 'absent' && !known.some((each) => each.path === path)
}
