/** What a benchmark found, for a person. */
import type { BenchReport, Compared } from '../bench/report.ts'
import type { Timed } from '../bench/timing.ts'
import { textTable } from './text-table.ts'

/** `columns`: width to fit, in characters. */
export function benchText(report: BenchReport, columns: number): string {
  const { hosts, runs, machine, hostsReached, preview, footprint, notMeasured } = report
  const { starts, size } = footprint
  const onHosts = hostsReached === null ? [] : reached(hostsReached)
  const startRow = (name: string, time: Timed) => [
    name,
    ms(time),
    ms(starts.node),
    ratio(time.median / starts.node.median),
  ]
  const rows = [
    ...onHosts,
    startRow('quorate --help, against node -e 0', starts.help),
    startRow('quorate check on the example lab, against node -e 0', starts.check),
  ]
  const previewRows = Object.entries({
    'example lab': preview.example,
    '300 hosts in cells': preview.cells,
    '300 hosts in one VPN': preview.oneVpn,
  }).map(([name, times]) => [
    name,
    ...Object.values(times).map(whole),
    whole(Object.values(times).reduce((sum, each) => sum + each, 0)),
  ])
  const cells = (all: readonly (readonly string[])[]) => all.map((row) => row.map((cell) => [cell]))
  return [
    `Medians of ${runs}, in turn with what they are compared with; ${hosts} hosts on loopback, ${machine.cores} cores, Node ${machine.node}\n`,
    textTable(['', 'quorate', 'the least', 'ratio'], cells(rows), columns),
    textTable(['Preview, ms', 'check', 'render', 'compare', 'diff', 'plan', 'in all'], cells(previewRows), columns),
    hostsReached === null ? '' : trips(hostsReached.roundTrips, hostsReached.changed.soakSeconds),
    size === null
      ? 'Installed size: npm could not tell\n'
      : `Installed size: ${mebibytes(size.own + size.dependencies)} MiB, ${mebibytes(size.own)} of it quorate's own and the rest ${size.packages} packages\n`,
    ...notMeasured.map((what) => `Not measured: ${what}\n`),
  ].join('\n')
}

function reached({
  unchanged,
  changed,
  delayed,
}: NonNullable<BenchReport['hostsReached']>): readonly (readonly string[])[] {
  const row = (name: string, { quorate, floor, ratio: by }: Compared) => [name, ms(quorate), ms(floor), ratio(by)]
  const late = `${delayed.ms} ms late`
  const work = `${changed.files} files and a unit per host, against sftp and ssh`
  return [
    row('nothing changed, against ssh true', unchanged),
    row(work, changed),
    row(`nothing changed, every message ${late}`, delayed.unchanged),
    row(`${work}, every message ${late}`, delayed.changed),
  ]
}

function trips(
  { unchanged, changed, step }: NonNullable<BenchReport['hostsReached']>['roundTrips'],
  soak: number,
): string {
  return (
    `Round trips per host: ${whole(unchanged)} with nothing changed, ${whole(changed)} with a step, so ${whole(step)} for the step\n` +
    `Soak of the step, waited besides, on purpose and never shortened: ${soak} s\n`
  )
}

function ms({ median, fastest, slowest }: Timed): string {
  return `${whole(median)} ms (${whole(fastest)}–${whole(slowest)})`
}

function whole(number: number): string {
  return String(Math.round(number))
}

function ratio(number: number): string {
  return `${number.toFixed(2)} ×`
}

function mebibytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1)
}
