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
  return [fileHead(diff), linesMarkdown(diff)].filter((block) => block !== '').join('\n\n')
}

/** Which file on which hosts, and what differs besides its lines. `beside` is Markdown that stands after the hosts and after the part. */
export function fileHead(diff: FileDiff, beside = { hosts: '', part: '' }): string {
  const hosts = `${diff.hosts.map((host) => `**${code(host)}**`).join(' · ')}${beside.hosts}`
  const head = `${hosts} &nbsp; ${code(diff.path)} ${fileSummary(diff)} (${code(diff.part)})${beside.part}`
  return [head, ...diff.notes.map((note) => `⚠️ ${code(note)}`)].join('\n\n')
}

/** The lines of a difference in a fence, or why there are none; empty where only something besides the text differs. */
export function linesMarkdown(diff: FileDiff): string {
  if (diff.hunks === null) return withoutLines(diff)
  if (diff.hunks === '') return ''
  const lines = diff.hunks.split('\n').slice(0, -1).map(visible)
  const fenced = fence('diff', lines)
  if (lines.length <= mostOpenLines) return fenced
  return `<details><summary>${lines.length} lines</summary>\n\n${fenced}\n\n</details>`
}
