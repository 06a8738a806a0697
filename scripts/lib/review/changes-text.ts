/** Changes for a terminal or a log. */
import { styleText } from 'node:util'
import type { FileDiff } from '../bundle/diff.ts'
import { changesSummary, fileSummary, withoutLines } from './changes-summary.ts'
import { visible } from './visible.ts'

type Paint = (style: 'bold' | 'dim' | 'green' | 'red' | 'cyan' | 'yellow', text: string) => string

/** Each difference once, under the hosts and the path that have it; ends with a newline. "no changes" where there are none. */
export function changesText(diffs: readonly FileDiff[], options: { readonly colour: boolean }): string {
  const paint: Paint = (style, text) => (options.colour ? styleText(style, text, { validateStream: false }) : text)
  const blocks = diffs.map((diff) => `${fileText(diff, paint)}\n`)
  return [...blocks, `${changesSummary(diffs)}\n`].join('')
}

function fileText(diff: FileDiff, paint: Paint): string {
  const head = `${paint('bold', visible(diff.hosts.join(' ')))}  ${visible(diff.path)}  ${fileSummary(diff)}  ${paint('dim', visible(diff.part))}`
  const notes = diff.notes.map((note) => paint('yellow', `  ! ${visible(note)}`))
  return [head, ...notes, ...linesText(diff, paint), ''].join('\n')
}

function linesText(diff: FileDiff, paint: Paint): readonly string[] {
  if (diff.hunks === null) return [`  ${withoutLines(diff)}`]
  const lines = diff.hunks.split('\n').slice(0, -1)
  const shown = diff.kind === 'changed' ? lines : lines.filter((line) => !line.startsWith('@@'))
  return shown.map((line) => `  ${lineText(line, paint)}`)
}

function lineText(line: string, paint: Paint): string {
  const text = visible(line)
  if (line.startsWith('+')) return paint('green', text)
  if (line.startsWith('-')) return paint('red', text)
  return line.startsWith('@@') ? paint('cyan', text) : text
}
