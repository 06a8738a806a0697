/** How much changes, in a line. */
import type { FileDiff } from '../bundle/diff.ts'

/** "5 files on 3 hosts: 2 new, 3 changed"; "no changes" where there are none. */
export function changesSummary(diffs: readonly FileDiff[]): string {
  if (diffs.length === 0) return 'no changes'
  const hosts = new Set(diffs.flatMap((diff) => diff.hosts)).size
  const files = diffs.reduce((sum, diff) => sum + diff.hosts.length, 0)
  const kinds = (['new', 'changed', 'removed'] as const).flatMap((kind) => {
    const number = diffs.filter((diff) => diff.kind === kind).reduce((sum, diff) => sum + diff.hosts.length, 0)
    return number === 0 ? [] : [`${number} ${kind}`]
  })
  return `${counted(files, 'file')} on ${counted(hosts, 'host')}: ${kinds.join(', ')}`
}

/** How much of one file changes: "new, 14 lines", "+1 −2", "removed". */
export function fileSummary({ kind, added, removed, hunks }: FileDiff): string {
  if (kind === 'new') return `new, ${counted(added, 'line')}`
  if (kind === 'removed') return `removed, ${counted(removed, 'line')}`
  return hunks === '' ? 'same text' : `+${added} −${removed}`
}

/** Why there are no lines to show. */
export function withoutLines({ added, removed }: FileDiff): string {
  return `too different to show line by line, or not known here: ${counted(removed, 'line')} before, ${counted(added, 'line')} after`
}

function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
