/** What a rehearsal found, for a pull request or a job summary. */
import { shown, type MeasuredOffer, type MeasuredStep, type RehearsalReport } from '../twin/report.ts'
import { code, shortCode, table } from './markdown.ts'
import { faultLines, faultTitle, verdict } from './rehearsal-text.ts'

/** GitHub-flavoured Markdown: the verdict, what is against the rollout, and the figures; ends with a newline. */
export function rehearsalMarkdown(report: RehearsalReport): string {
  return `${rehearsalBlocks(report).join('\n\n')}\n`
}

/** The same, block by block, the verdict first. */
export function rehearsalBlocks(report: RehearsalReport): readonly string[] {
  const { well, steps, offers, faults, violations, standIns, notRehearsed } = report
  const blocks = [
    `${well ? '✅' : '❌'} **${shortCode(verdict(report), 800)}**`,
    list('Against it', violations),
    tableOf(['step', 'host', 'part', 'when', 'predicted', 'measured'], steps.map(stepRow)),
    tableOf(['what users noticed', 'asked', 'lost', 'away at the longest'], offers.map(offerRow)),
    ...faults.map((fault) => list(shortCode(faultTitle(fault), 200), faultLines(fault))),
    list('Played by a stand-in', standIns),
    list('Not rehearsed', notRehearsed),
  ]
  return blocks.filter((block) => block !== '')
}

function stepRow({ id, hosts, part, from, to, predicted, measured }: MeasuredStep): readonly string[] {
  const { interrupts, maxSeconds } = predicted
  return [
    String(id),
    hosts.map(code).join(' '),
    code(part),
    `${shown(from)}–${shown(to)} s`,
    interrupts.length === 0 ? '–' : `${interrupts.map(code).join(', ')} ≤ ${maxSeconds} s`,
    measured.length === 0 ? '–' : measured.map((each) => `${code(each.id)} ${shown(each.seconds)} s`).join(', '),
  ]
}

function offerRow({ title, asked, lost, longestSeconds }: MeasuredOffer): readonly string[] {
  return [code(title), String(asked), String(lost), longestSeconds === 0 ? '–' : `${shown(longestSeconds)} s`]
}

function list(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : [`**${title}**`, '', ...lines.map((line) => `- ${code(line)}`)].join('\n')
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return rows.length === 0 ? '' : table(head, rows)
}
