/** Changes for a pull request or a job summary. Nothing in a file can leave its fence, mention anybody or become HTML. */
import type { FileDiff } from '../bundle/diff.ts'
import { changesSummary, fileSummary, withoutLines } from './changes-summary.ts'
import { code, fence } from './markdown.ts'
import { visible } from './visible.ts'

/** Lines of a difference that are shown without a click. */
const mostOpenLines = 40

/** GitHub-flavoured Markdown, each difference once under its hosts; ends with a newline. "no changes" where there are none. */
export function changesMarkdown(diffs: readonly FileDiff[]): string {
  return `${[...diffs.map(fileMarkdown), changesSummary(diffs)].join('\n\n')}\n`
}

function fileMarkdown(diff: FileDiff): string {
  const hosts = diff.hosts.map((host) => `**${code(host)}**`).join(' · ')
  const head = `${hosts} &nbsp; ${code(diff.path)} ${fileSummary(diff)} (${code(diff.part)})`
  const notes = diff.notes.map((note) => `⚠️ ${code(note)}`)
  return [head, ...notes, ...linesMarkdown(diff)].join('\n\n')
}

function linesMarkdown(diff: FileDiff): readonly string[] {
  if (diff.hunks === null) return [withoutLines(diff)]
  if (diff.hunks === '') return []
  const lines = diff.hunks.split('\n').slice(0, -1).map(visible)
  const fenced = fence('diff', lines)
  if (lines.length <= mostOpenLines) return [fenced]
  return [`<details><summary>${lines.length} lines</summary>\n\n${fenced}\n\n</details>`]
}
