/** What is behind the faults of a step: each host's once, the root cause first. */
import type { Id } from '../../../renderers/renderer.ts'
import type { GroupHealth, GroupView } from './groups.ts'

export interface Diagnosis {
  /** For a person: what to look at first, and what follows from it in a few words. */
  readonly text: string
  /** All of it, one per probe and group. */
  readonly faults: readonly string[]
}

interface Fault {
  readonly host: string | null
  readonly group: Id
  readonly text: string
}

/**
 * `own`: what the written hosts' own probes said; `groups`: what the groups said; each view with its last answer. Null where all is well.
 * A host that does not answer comes first, then a written host's own probe, then the first group.
 */
export function diagnosis(
  own: readonly (readonly [GroupView, GroupHealth])[],
  groups: readonly (readonly [GroupView, GroupHealth])[],
  lost: ReadonlySet<string>,
): Diagnosis | null {
  const away = new Map(
    [...own, ...groups].flatMap(([, health]) => [...health.away]).filter(([host]) => !lost.has(host)),
  )
  const probes = own.flatMap((each) => faultsOf(each, lost)).filter(({ host }) => !away.has(host ?? ''))
  const others = groups.flatMap((each) => faultsOf(each, lost))
  const unwell = [...new Set(others.map(({ group }) => group))]
  const faults = [...away.values(), ...probes.map(({ text }) => text), ...others.map(({ text }) => text)]
  if (faults.length === 0) return null
  const roots = [...away.values(), ...probes.map(({ text }) => text)]
  if (roots.length > 0) return { text: withMore(roots, unwell), faults: unique(faults) }
  const first = others.filter(({ group }) => group === unwell[0]).map(({ text }) => text)
  return { text: withMore(first, unwell.slice(1)), faults: unique(faults) }
}

function faultsOf([view, health]: readonly [GroupView, GroupHealth], lost: ReadonlySet<string>): readonly Fault[] {
  const group = view.group.id
  const down = view.members.flatMap(({ id, host }) => {
    const why = health.down.get(id)
    return why === undefined || lost.has(host) ? [] : [{ host, group, text: id === host ? why : `${id}: ${why}` }]
  })
  return [...down, ...health.disagree.map((text) => ({ host: null, group, text }))]
}

function withMore(roots: readonly string[], unwell: readonly Id[]): string {
  const causes = unique(roots)
  const shown = causes.slice(0, 3).join('; ')
  const rest = causes.length > 3 ? `; and ${causes.length - 3} faults more` : ''
  return unwell.length === 0
    ? `${shown}${rest}`
    : `${shown}${rest}; and ${unwell.length} more: ${unwell.join(', ')} not whole`
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)]
}
