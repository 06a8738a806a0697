/** What a rehearsal found, for a person. */
import { shown, type MeasuredFault, type RehearsalReport } from '../twin/report.ts'
import { textTable } from './text-table.ts'

/** The whole report. `columns`: width to fit. */
export function rehearsalText(report: RehearsalReport, columns: number): string {
  const { steps, offers, faults, violations, standIns, notRehearsed } = report
  const list = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? '' : `\n${title}\n${lines.map((line) => `  ${line}\n`).join('')}`
  return [
    `${verdict(report)}\n`,
    steps.length === 0 ? '' : `\n${stepTable(report, columns)}`,
    list(
      'what users noticed',
      offers.map(
        ({ title, asked, lost, longestSeconds }) =>
          `${title}: ${lost} of ${asked} lost${longestSeconds === 0 ? '' : `, away for ${shown(longestSeconds)} s at the longest`}`,
      ),
    ),
    ...faults.map((fault) => list(faultTitle(fault), faultLines(fault))),
    list('against it', violations),
    list('played by a stand-in', standIns),
    list('not rehearsed', notRehearsed),
  ].join('')
}

/** One line: what was rehearsed, and what it cost. */
export function verdict({ machines, seconds, groups, offers, well, violations }: RehearsalReport): string {
  const quorums = groups.filter(({ kind }) => kind === 'quorum')
  const votes = quorums.map(({ id, fewest, all }) => `${id} votes never below ${fewest} of ${all}`)
  const lost = offers
    .filter((offer) => offer.lost > 0)
    .map((offer) => `${offer.title} away for ${shown(offer.longestSeconds)} s`)
  const cost = [...votes, ...(lost.length === 0 ? ['users noticed nothing'] : lost)]
  const where = `${machines.nodes} nodes and ${machines.guests} ${machines.guests === 1 ? 'guest' : 'guests'} in ${minutes(seconds.total)}`
  return well
    ? `rehearsed on ${where}: ${cost.join(' · ')}`
    : `the rehearsal on ${where} found ${violations.length} ${violations.length === 1 ? 'thing' : 'things'} against this rollout`
}

function stepTable({ steps }: RehearsalReport, columns: number): string {
  const rows = steps.map(({ id, part, hosts, from, to, predicted, measured }) => [
    [String(id)],
    hosts,
    [part],
    [`${shown(from)}–${shown(to)} s`],
    predicted.interrupts.length === 0 ? ['–'] : [`${predicted.interrupts.join(', ')} ≤ ${predicted.maxSeconds} s`],
    measured.length === 0 ? ['–'] : measured.map((each) => `${each.id} ${shown(each.seconds)} s`),
  ])
  return textTable(['step', 'host', 'part', 'when', 'predicted', 'measured'], rows, columns)
}

export function faultTitle({ name, host, when }: MeasuredFault): string {
  return `${name}${host === null ? '' : ` (${host})`}, ${when}`
}

export function faultLines({ rollout, away, fewest, wholeAfterSeconds }: MeasuredFault): readonly string[] {
  return [
    ...(rollout === null ? [] : [`the rollout ${rollout}`]),
    ...away.map(({ id, seconds, open }) => `${id} away for ${shown(seconds)} s${open ? ', and not back' : ''}`),
    ...fewest.map(({ group, fewest: number }) => `${group}: at the fewest ${number}`),
    wholeAfterSeconds === null ? 'not whole again' : `whole ${shown(wholeAfterSeconds)} s after it was mended`,
  ]
}

function minutes(seconds: number): string {
  return seconds < 60 ? `${Math.round(seconds)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`
}
