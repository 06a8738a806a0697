/** A rollout as a Mermaid flowchart, which GitHub draws: one box per wave, from left to right. */
import type { Rollout, Step } from '../rollout/rollout.ts'
import { hostList, type Row, rolloutRows } from './rollout-rows.ts'
import { visible } from './visible.ts'

/** Of more boxes in a row nobody can read the words: GitHub makes them as small as it takes for the page. Then they go downwards. */
const mostInRow = 4

/** The text ends with a newline and holds no fence. */
export function rolloutMermaid(rollout: Rollout): string {
  const rows = rolloutRows(rollout, () => null)
  const waves = rollout.waves.map((_, index) => index + 1)
  const boxes = waves.map((wave) =>
    box(
      wave,
      rows.filter((row) => row.wave === wave),
    ),
  )
  const arrows = waves.slice(1).map((wave) => `  w${wave - 1} --> w${wave}`)
  return `${[`flowchart ${waves.length > mostInRow ? 'TB' : 'LR'}`, ...boxes, ...arrows].join('\n')}\n`
}

function box(wave: number, rows: readonly Row[]): string {
  const nodes = rows.map((row) => `    s${row.steps[0]?.id}["${label(row)}"]`)
  return [`  subgraph w${wave}["wave ${wave}"]`, ...nodes, '  end'].join('\n')
}

function label(row: Row): string {
  const first = row.steps[0]
  const ids = row.steps.length === 1 ? `${first?.id}` : `${first?.id} and ${row.steps.length - 1} more`
  const lines = [
    `${ids}: ${row.part} on ${hostList(row.hosts)}`,
    ...row.acts.slice(0, 3),
    ...(first ? losses(first) : []),
  ]
  return lines.map(escaped).join('<br/>')
}

function losses(step: Step): readonly string[] {
  const taken = step.groups.filter((margin) => margin.kind === 'quorum' && margin.during < margin.before)
  return taken.map((margin) => `${margin.group} ${margin.before} → ${margin.during}, needs ${margin.needs}`)
}

/** Everything that Mermaid or HTML could read as more than text becomes one of Mermaid's numeric entities, "#34;". */
function escaped(text: string): string {
  return visible(text).replaceAll(/[^\p{L}\p{N} .,:/@+→_-]/gu, (character) => `#${character.codePointAt(0)};`)
}
