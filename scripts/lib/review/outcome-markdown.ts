/** How a deployment ended, in Markdown: which host is in which state, and what to do next. Whatever comes from outside stands in code spans. */
import type { HostOutcome, Outcome, StepOutcome } from '../deployment/outcome.ts'
import { blocksWithin, fenceWithin, fitting, noteRoom, rest } from './fitting.ts'
import { shortCode, table } from './markdown.ts'
import { editText } from './edit-text.ts'
import { commitList } from './since-deployed-text.ts'
import { counted } from './step-numbers.ts'

/** What each section may take at most: together they stay below what GitHub takes as a comment. */
const rooms = { failure: 6000, carries: 3000, hosts: 20_000, steps: 12_000, logs: 4000, edits: 8000 }

/** The sections, each a block: what happened and what to do, the hosts, the steps, where to read on. `place`: where the rest is. */
export function outcomeBlocks(outcome: Outcome, place: string): readonly string[] {
  const { held, logs = [], edits = [], steps } = outcome
  const blocks = [
    failureBlock(outcome, place),
    held === undefined ? '' : carriesBlock(held.carries, place),
    hostsBlock(outcome, place),
    stepsBlock(steps, place),
    logs.length === 0 ? '' : `What the units said:\n\n${fenceWithin('', logs.join('\n'), rooms.logs, place)}`,
    edits.length === 0 ? '' : fenceWithin('', edits.map(editText).join('').trimStart(), rooms.edits, place),
  ]
  return blocks.filter((block) => block !== '')
}

function failureBlock({ failure }: Outcome, place: string): string {
  if (failure === null) return ''
  const { what, where, now, next } = failure
  const lines = Object.entries({ why: what, where, now, next }).map(
    ([name, text]) => `- **${name}** ${shortCode(text, 1200)}`,
  )
  return blocksWithin(lines, rooms.failure, (from) => rest(lines.length - from, 'line', place), '\n')
}

function carriesBlock(carries: NonNullable<Outcome['held']>['carries'], place: string): string {
  if (carries.length === 0) return ''
  const head = `It would carry along ${counted(carries.length, 'commit')}:`
  return `${head}\n\n${fenceWithin('', commitList(carries), rooms.carries, place)}`
}

/** Those that need somebody first, so that these are not what is folded away. */
const states = [
  '❌ not known: a person has to look',
  '⚠️ between: some of its steps are done',
  '↩️ wholly old: taken back',
  '⚪ wholly old: not begun',
  '⚪ not asked: nothing was written',
  '✅ wholly new',
  '✅ as wanted',
] as const

/** In which state a host is, in quorate's own words. */
export function stateOf({ outcome, notBegun }: HostOutcome, steps: readonly StepOutcome[]): (typeof states)[number] {
  const isWhole = notBegun === undefined
  switch (outcome) {
    case 'applied':
      return isWhole ? '✅ wholly new' : '⚠️ between: some of its steps are done'
    case 'reverted':
      return '↩️ wholly old: taken back'
    case 'unchanged':
      return isWhole ? '✅ as wanted' : '⚪ wholly old: not begun'
    case 'unknown':
      return steps.every((step) => step.outcome === 'not-started')
        ? '⚪ not asked: nothing was written'
        : '❌ not known: a person has to look'
  }
}

function hostsBlock({ hosts, steps }: Outcome, place: string): string {
  const entries = Object.entries(hosts).map(([name, host]) => ({ name, host, state: stateOf(host, steps) }))
  const sorted = entries.toSorted((a, b) => states.indexOf(a.state) - states.indexOf(b.state))
  const rows = sorted.map(({ name, host, state }) => [shortCode(name, 80), state, shortCode(host.detail, 300)])
  return tableWithin(['host', 'state', 'what is known'], rows, rooms.hosts, 'host', place)
}

const ends: Readonly<Record<StepOutcome['outcome'], string>> = {
  confirmed: 'done',
  reverted: 'taken back',
  unknown: '❌ not known',
  'not-started': 'not begun',
  'nothing-to-do': 'nothing to do',
}

function stepsBlock(steps: readonly StepOutcome[], place: string): string {
  if (steps.length === 0) return ''
  const counts = Object.entries(ends).flatMap(([end, words]) => {
    const count = steps.filter(({ outcome }) => outcome === end).length
    return count === 0 ? [] : [`${count} ${words}`]
  })
  const rows = steps.map(({ id, outcome, detail, faults = [], ha }) => [
    String(id),
    `${ends[outcome]}${ha === 'disarmed' ? ', ❌ HA is still disarmed' : ''}`,
    [detail, ...faults.slice(0, 5)].map((text) => shortCode(text, 300)).join('<br>'),
  ])
  const all = tableWithin(['step', 'end', 'why'], rows, rooms.steps, 'step', place)
  return `<details><summary>${counted(steps.length, 'step')}: ${counts.join(', ')}</summary>\n\n${all}\n\n</details>`
}

/** As many rows, from the front, as fit. */
export function tableWithin(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  room: number,
  noun: string,
  place: string,
): string {
  if (rows.length === 0) return ''
  const lengths = rows.map((row) => row.join(' | ') + ' '.repeat(4))
  const count = fitting(lengths, room - noteRoom, 1)
  const shown = table(head, rows.slice(0, count))
  return count === rows.length ? shown : `${shown}\n\n${rest(rows.length - count, noun, place)}`
}
