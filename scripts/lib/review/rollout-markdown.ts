/** A rollout for a pull request: the table of steps with votes and interruptions, what is safe about it, and a diagram that GitHub draws. */
import type { Plan, Rollout } from '../rollout/rollout.ts'
import { blocksWithin, listWithin, noteRoom, rest } from './fitting.ts'
import { code, shortCode, table } from './markdown.ts'
import { refusalText } from './refusal-text.ts'
import { rolloutMermaid } from './rollout-mermaid.ts'
import { type Lines, noBreak } from './rollout-rows.ts'
import { closing, rolloutCounts, rolloutTable } from './rollout-text.ts'

/** A larger diagram nobody can read, and GitHub draws none of more than 50,000 characters. */
const mostOfDiagram = 4000
const mostOfClosing = 4000
/** Quorums that have a column of their own. */
const mostQuorums = 3
const fixedHeads = 5
const mostInCell = 6

/** At most `room` characters, which are 10,000 or more; empty where nothing is to be rolled out. `place`: where the whole plan is, in Markdown. */
export function rolloutMarkdown(plan: Plan, lines: Lines, room: number, place: string): string {
  if (plan.kind === 'refused')
    return `#### No safe rollout\n\n${listWithin(refusalText(plan.refusals), room - 50, place)}`
  const { rollout } = plan
  const head = `#### Rollout ${code(rollout.digest.slice(0, 8))}: ${rolloutCounts(rollout)}`
  if (rollout.waves.length === 0) {
    if (rollout.byHand === undefined) return ''
    return `#### By hand\n\n${listWithin(closing(rollout), mostOfClosing, place)}`
  }
  const below = [listWithin(closing(rollout), mostOfClosing, place), diagram(rollout, place)].join('\n\n')
  return [head, stepTable(rollout, lines, room - head.length - below.length - 4, place), below].join('\n\n')
}

function stepTable(rollout: Rollout, lines: Lines, room: number, place: string): string {
  const { heads, rows } = rolloutTable(rollout, lines)
  const columns = fixedHeads + mostQuorums
  const shown = heads.slice(0, columns).map((head, index) => (index < fixedHeads ? head : shortCode(head, 80)))
  const [title = '', rule = '', ...body] = table(
    shown,
    rows.map((row) => row.slice(0, columns).map(cell)),
  ).split('\n')
  const more = heads.length > columns ? `\n\n${rest(heads.length - columns, 'quorum', place)}` : ''
  const steps = rollout.waves.flat().length
  const top = `${title}\n${rule}`
  const left = (from: number) => {
    const rowsLeft = rows.length - (from - 1)
    return rest(rowsLeft, 'row', `${steps} steps in all ${place}`)
  }
  return `${blocksWithin([top, ...body], room - noteRoom, left, '\n')}${more}`
}

/** The numbers of steps and of votes are quorate's own words, the rest is anybody's. */
function cell(texts: readonly string[], column: number): string {
  const own = column === 0 || column >= fixedHeads
  const shown = texts.slice(0, mostInCell).map((text) => {
    const plain = text.replaceAll(noBreak, ' ')
    return own || plain === '–' ? plain : shortCode(plain, 160)
  })
  const more = texts.length > mostInCell ? [`and ${texts.length - mostInCell} more`] : []
  return [...shown, ...more].join('<br>')
}

function diagram(rollout: Rollout, place: string): string {
  const text = rolloutMermaid(rollout)
  const inside =
    text.length > mostOfDiagram
      ? `too many steps to be drawn here: ${place}`
      : ['```mermaid', `${text}\`\`\``].join('\n')
  return `<details><summary>As a diagram</summary>\n\n${inside}\n\n</details>`
}
