/** Why there is no rollout, as a person reads it in a terminal. */
import { harmless } from '../definition/shown.ts'
import type { Refusal } from '../rollout/rollout.ts'
import { hostList } from './rollout-rows.ts'

/** The same reason on several hosts is said once. The text ends with a newline. */
export function refusalText(refusals: readonly Refusal[]): string {
  const kinds = new Map<string, readonly Refusal[]>()
  for (const refusal of refusals) {
    const key = JSON.stringify([refusal.service, refusal.part, refusal.group])
    kinds.set(key, [...(kinds.get(key) ?? []), refusal])
  }
  return [...kinds.values()].map(oneRefusal).join('\n')
}

function oneRefusal(refusals: readonly Refusal[]): string {
  const [first, ...others] = refusals
  if (first === undefined) return ''
  const hosts = [...new Set(others.map((refusal) => refusal.host))].filter((host) => host !== first.host)
  const also = hosts.length > 0 ? [`  the same on ${hostList(hosts)}, in any order`] : []
  const [way, ...ways] = first.waysOut.map((text) => harmless(text))
  return `${[
    `not safe: ${harmless(first.why)}`,
    ...also,
    `  ways out: ${way ?? 'none is known'}`,
    ...ways.map((text) => `        or: ${text}`),
  ].join('\n')}\n`
}
