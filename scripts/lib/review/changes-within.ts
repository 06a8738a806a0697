/** Changes in a comment, the riskiest first, as many as fit; removed files and changed secrets by name. */
import { isSecretNote, type FileDiff } from '../bundle/diff.ts'
import { fileHead, linesMarkdown } from './changes-markdown.ts'
import { fileSummary } from './changes-summary.ts'
import { blocksWithin, fitting, noteRoom, rest } from './fitting.ts'
import { clipped, grouped, shortCode } from './markdown.ts'
import type { Risk } from './risk.ts'
import { visible } from './visible.ts'

/** Of one difference, in characters; longer ones are whole in the artifact. */
const mostOfHunks = 6000
const mostInLine = 300
const mostNames = 24
const mostNotes = 8

type RiskOf = (diff: FileDiff) => Risk

/** Differences of new and changed files. Those of which the lines do not fit are shown without. At most `room` characters. */
export function changesWithin(diffs: readonly FileDiff[], riskOf: RiskOf, room: number, place: string): string {
  const ordered = diffs
    .filter(({ kind }) => kind !== 'removed')
    .map((diff) => ({ diff, risk: riskOf(diff) }))
    .toSorted((a, b) => b.risk.weight - a.risk.weight)
  const blocks: string[] = []
  const left: FileDiff[] = []
  let used = noteRoom
  // The last fifth is for names: that a file changes matters more than the lines of one more.
  const roomForLines = room * 0.8
  for (const { diff, risk } of ordered) {
    const head = headOf(diff, risk)
    const whole = [head, linesOf(diff, place)].filter((text) => text !== '').join('\n\n')
    const fitted = used + whole.length + 2 <= roomForLines ? whole : `${head} (its lines: ${place})`
    if (used + fitted.length + 2 > room) left.push(diff)
    else {
      blocks.push(fitted)
      used += fitted.length + 2
    }
  }
  return [...blocks, ...(left.length === 0 ? [] : [leftOut(left, place)])].join('\n\n')
}

/** "… and 412 more files on 1,980 hosts: in the artifact" */
function leftOut(diffs: readonly FileDiff[], place: string): string {
  const files = diffs.reduce((sum, { hosts }) => sum + hosts.length, 0)
  const hosts = new Set(diffs.flatMap((diff) => diff.hosts)).size
  return rest(files, 'file', '').replace(/: $/, ` on ${grouped(hosts)} host${hosts === 1 ? '' : 's'}: ${place}`)
}

function headOf(diff: FileDiff, { why, acts }: Risk): string {
  const told = acts.length === 0 ? '' : ` → ${few(acts, 4)}`
  const warning = why.length === 0 ? '' : ` ⚠️ ${few(why, 4)}`
  const notes = diff.notes.slice(0, mostNotes).map((note) => clipped(visible(note), mostInLine))
  const more = diff.notes.length - notes.length
  const shown = {
    ...diff,
    hosts: diff.hosts.slice(0, mostNames).map((host) => clipped(visible(host), 80)),
    path: clipped(visible(diff.path), mostInLine),
    part: clipped(visible(diff.part), 80),
    notes: more > 0 ? [...notes, `${more} more notes`] : notes,
  }
  return fileHead(shown, { hosts: moreHosts(diff.hosts), part: `${told}${warning}` })
}

/** The first lines of a long difference, and how many more there are. */
function linesOf(diff: FileDiff, place: string): string {
  const all = diff.hunks?.split('\n').slice(0, -1) ?? []
  const texts = all.map((line) => clipped(visible(line), mostInLine))
  const count = fitting(texts, mostOfHunks, 1)
  const hunks =
    diff.hunks === null
      ? null
      : texts
          .slice(0, count)
          .map((text) => `${text}\n`)
          .join('')
  const missing = count < all.length ? [rest(all.length - count, 'line', place)] : []
  return [linesMarkdown({ ...diff, hunks }), ...missing].join('\n\n')
}

/** Removed files by name, with how many lines go and what is told. At most `room` characters; empty where there are none. */
export function removedWithin(diffs: readonly FileDiff[], riskOf: RiskOf, room: number, place: string): string {
  const removed = diffs.filter(({ kind }) => kind === 'removed')
  const lines = removed.map((diff) => {
    const { acts } = riskOf(diff)
    return `- ${shortCode(diff.path, mostInLine)} ${fileSummary(diff)}, on ${names(diff.hosts)}${acts.length === 0 ? '' : ` → ${few(acts, 4)}`}`
  })
  return list('Files removed', lines, room, (from) => leftOut(removed.slice(from), place))
}

/** Which secrets change: names only. At most `room` characters; empty where none does. */
export function secretsWithin(diffs: readonly FileDiff[], room: number, place: string): string {
  const hosts = new Map<string, Set<string>>()
  for (const diff of diffs) {
    for (const note of diff.notes.filter(isSecretNote)) {
      const known = hosts.get(note) ?? new Set()
      for (const host of diff.hosts) known.add(host)
      hosts.set(note, known)
    }
  }
  const lines = [...hosts].map(([note, on]) => `- ${shortCode(note, mostInLine)}, on ${names([...on])}`)
  return list('Secrets', lines, room, (from) => rest(lines.length - from, 'secret', place))
}

function list(title: string, lines: readonly string[], room: number, left: (from: number) => string): string {
  const head = `#### ${title}\n\n`
  return lines.length === 0 ? '' : `${head}${blocksWithin(lines, room - head.length, left, '\n')}`
}

function names(hosts: readonly string[]): string {
  const shown = hosts.slice(0, mostNames).map((host) => shortCode(host, 80))
  return `${shown.join(' · ')}${moreHosts(hosts)}`
}

function moreHosts(hosts: readonly string[]): string {
  const more = hosts.length - mostNames
  return more > 0 ? ` and ${grouped(more)} more ${more === 1 ? 'host' : 'hosts'}` : ''
}

function few(texts: readonly string[], most: number): string {
  const shown = texts.slice(0, most).map((text) => shortCode(text, 160))
  const more = texts.length - most
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join(', ')
}
