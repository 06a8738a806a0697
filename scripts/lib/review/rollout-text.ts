/** A plan as a person reads it in a terminal: the table of steps and what is safe about it, or why there is none. */
import type { Id } from '../../../renderers/renderer.ts'
import { harmless } from '../definition/shown.ts'
import type { GroupMargin, Plan, Rollout, Step } from '../rollout/rollout.ts'
import { hostList, type Lines, type Row, rolloutRows } from './rollout-rows.ts'
import { refusalText } from './refusal-text.ts'
import { counted, stepNumbers, stepWords } from './step-numbers.ts'
import { textTable } from './text-table.ts'
import { waysLines } from './ways-text.ts'

export interface RolloutTextOptions {
  /** Width of the terminal, in characters. */
  readonly columns: number
  /** Names of the two sides, "a1b2c3d" and "9e8d7c6"; null where there is none. */
  readonly from: string | null
  readonly to: string | null
  readonly lines: Lines
}

const reasonsShown = 12

/** The text ends with a newline. */
export function rolloutText(plan: Plan, options: RolloutTextOptions): string {
  if (plan.kind === 'refused') return refusalText(plan.refusals)
  const { rollout } = plan
  const steps = rollout.waves.flat()
  const hand = byHand(rollout)
  if (steps.length === 0) return hand === '' ? 'nothing to roll out: no file changes on any host\n' : hand
  const { heads, rows } = rolloutTable(rollout, options.lines)
  return [headline(rollout, options), textTable(heads, rows, options.columns), closing(rollout)].join('\n')
}

/** What is safe about it, why in this order, and what is left to a person. Ends with a newline. */
export function closing(rollout: Rollout): string {
  return `${safety(rollout.waves.flat())}\n${byHand(rollout)}`
}

/** What a person has to do afterwards. */
function byHand({ byHand: all = [] }: Rollout): string {
  return all
    .map(({ service, why, manual }) => `then by hand, for ${service}: ${harmless(why)}\n  ${harmless(manual)}\n`)
    .join('')
}

function headline(rollout: Rollout, { from, to }: RolloutTextOptions): string {
  const sides = to === null ? '' : `${from === null ? '' : `${harmless(from)} → `}${harmless(to)}   `
  return `rollout ${rollout.digest.slice(0, 8)}   ${sides}${rolloutCounts(rollout)}\n`
}

/** "3 hosts, 5 files, 5 steps in 4 waves" */
export function rolloutCounts({ waves }: Rollout): string {
  const steps = waves.flat()
  const writes = steps.flatMap((step) => step.writes)
  const files = writes.reduce((sum, write) => sum + write.changes.length, 0)
  return [
    counted(new Set(writes.map((write) => write.host)).size, 'host'),
    counted(files, 'file'),
    `${counted(steps.length, 'step')} in ${counted(waves.length, 'wave')}`,
  ].join(', ')
}

/** The table of steps: five columns and one for each quorum that is touched. Each cell is a list of lines. */
export function rolloutTable(
  rollout: Rollout,
  lines: Lines,
): { readonly heads: readonly string[]; readonly rows: readonly (readonly (readonly string[])[])[] } {
  const rows = rolloutRows(rollout, lines)
  const quorums = quorumTotals(rollout)
  const heads = [
    'step',
    'host',
    'changes',
    'then',
    'interrupts',
    ...[...quorums].map(
      ([id, { total, needs }]) =>
        `${id}, of ${total} (needs ${[...new Set([Math.min(...needs), Math.max(...needs)])].join(' to ')})`,
    ),
  ]
  return {
    heads,
    rows: rows.map((row) => [
      [stepNumbers(row.steps.map((step) => step.id))],
      [hostList(row.hosts)],
      shortened(row.changes),
      row.acts.length === 0 ? ['–'] : row.acts,
      row.interrupts.length === 0 ? ['–'] : row.interrupts,
      ...[...quorums].map(([id, { total, needs }]) => [votes(row, id, total, needs.size > 1)]),
    ]),
  }
}

function shortened(changes: readonly string[]): readonly string[] {
  return changes.length <= 4 ? changes : [...changes.slice(0, 3), `and ${changes.length - 3} more`]
}

/** Every quorum that a step touches, sorted, with what it has at most and all that it needs in turn. */
function quorumTotals(
  rollout: Rollout,
): ReadonlyMap<Id, { readonly total: number; readonly needs: ReadonlySet<number> }> {
  const totals = new Map<Id, { total: number; needs: Set<number> }>()
  const margins = rollout.waves.flat().flatMap((step) => step.groups.filter((margin) => margin.kind === 'quorum'))
  for (const { group, before, needs } of margins) {
    const known = totals.get(group) ?? { total: 0, needs: new Set<number>() }
    totals.set(group, { total: Math.max(known.total, before), needs: known.needs.add(needs) })
  }
  return new Map([...totals].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** `varies`: what it needs is not the same in all steps. */
function votes(row: Row, id: Id, total: number, varies: boolean): string {
  const margin = row.steps[0]?.groups.find((each) => each.group === id)
  if (margin === undefined) return String(total)
  const needs = varies ? `, needs ${margin.needs}` : ''
  return margin.during < margin.before
    ? `${margin.before} → ${margin.during}${needs}   margin ${margin.margin}`
    : `${margin.before}${needs}`
}

function safety(steps: readonly Step[]): string {
  const all = steps.flatMap((step) => step.groups.map((margin) => ({ id: step.id, ...margin })))
  const broken = all.filter((margin) => margin.margin < 0)
  const lines =
    broken.length === 0 ? [`safe: no group falls below its minimum.${tight(all)}`] : broken.map(acceptedOutage)
  const why = [...new Set(steps.flatMap((step) => step.because))]
  const more = why.length > reasonsShown ? [`… and ${why.length - reasonsShown} reasons more: --json has all`] : []
  const reasons = why.slice(0, reasonsShown).map((reason) => `${reason}.`)
  return [...lines, ...reasons, ...more, ...waysLines(steps)].join('\n')
}

/** Where one more failure would be one too many. */
function tight(margins: readonly (GroupMargin & { readonly id: number })[]): string {
  const none = margins.filter((margin) => margin.margin === 0)
  const quorum = none.filter((margin) => margin.kind === 'quorum').map((margin) => margin.id)
  const pools = none.filter((margin) => margin.kind === 'pool' && !isOneByOne(margin))
  const names = [...new Set(pools.map((margin) => margin.group))].toSorted()
  return [
    ...(quorum.length > 0 ? [` During ${stepWords(quorum)} one more failure would cost quorum.`] : []),
    ...(pools.length > 0
      ? [
          `\nDuring ${stepWords(pools.map((margin) => margin.id))} one more failure would leave too few in ${names.join(', ')}.`,
        ]
      : []),
  ].join('')
}

/** Pools that are there to change one member at a time have no margin at any time: nothing to tell. */
function isOneByOne({ before, needs }: GroupMargin): boolean {
  return needs === 0 || (before > 2 && needs === before - 1)
}

function acceptedOutage({ id, group, before, during, needs }: GroupMargin & { readonly id: number }): string {
  return `NOT safe, and accepted: step ${id} takes ${group} from ${before} to ${during} (needs ${needs}).`
}
