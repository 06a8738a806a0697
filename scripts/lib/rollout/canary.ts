/** What could lock the deployer out of several hosts goes to one of them first, alone. */
import { grouped } from './grouped.ts'
import { alone, type Claims } from './claims.ts'
import type { Draft } from './draft.ts'
import type { WayIn } from './management-path.ts'

/** Of the same part on several hosts, the step that goes first, by each of the others. `inOrder`: all steps. */
export function canaries(
  inOrder: readonly Draft[],
  ways: ReadonlyMap<Draft, readonly WayIn[]>,
): ReadonlyMap<Draft, Draft> {
  const touching = inOrder.filter((draft) => (ways.get(draft)?.length ?? 0) > 0)
  const parts = [...grouped(touching, ({ service, part }) => JSON.stringify([service, part])).values()]
  return new Map(parts.flatMap(([first, ...others]) => others.map((other) => [other, first as Draft] as const)))
}

/** What keeps the others of a part waiting for its canary; among themselves they go side by side. */
export function canaryClaims(draft: Draft, behind: ReadonlyMap<Draft, Draft>): Claims {
  const key = `way in, ${draft.part}`
  if (behind.has(draft)) return new Map([[key, 'after the canary']])
  return new Map([...behind.values()].includes(draft) ? [[key, alone]] : [])
}

/** In words for a person, with the step that the others wait for. */
export function canaryReason(draft: Draft, behind: ReadonlyMap<Draft, Draft>): readonly string[] {
  const waiting = [...behind].filter(([, first]) => first === draft)
  if (waiting.length === 0) return []
  const hosts = (drafts: readonly Draft[]) => drafts.flatMap(({ writes }) => writes.map(({ host }) => host))
  const others = hosts(waiting.map(([other]) => other))
  const rest = others.length > 3 ? `${others.length} other hosts` : others.join(', ')
  const are = others.length === 1 ? 'is' : 'are'
  return [
    `${hosts([draft]).join(', ')} gets ${draft.part} first, alone: where it locks the deployer out, ${rest} ${are} not touched`,
  ]
}
