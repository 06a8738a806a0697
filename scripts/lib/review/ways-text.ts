/** The deployer's own ways in that a rollout touches, as a person reads them: which step, which way, and what it is confirmed by. */
import { entriesText } from '../bundle/entry.ts'
import { harmless } from '../definition/shown.ts'
import type { WayIn } from '../rollout/management-path.ts'
import { grouped } from '../rollout/grouped.ts'
import type { Step } from '../rollout/rollout.ts'
import { stepWords } from './step-numbers.ts'

const headline = "the deployer's own way in is touched; each of these steps is confirmed by new connections only:"

const shown = 12

/** One line per host and what becomes of its way; none where no step touches one. */
export function waysLines(steps: readonly Step[]): readonly string[] {
  const told = steps.flatMap(({ id, ways }) => ways.map((way) => ({ id, text: oneWay(way) })))
  const lines = [...grouped(told, ({ text }) => text)].map(
    ([text, same]) => `  ${stepWords(same.map(({ id }) => id))}: ${text}`,
  )
  const more = lines.length > shown ? [`  … and ${lines.length - shown} more: --json has all`] : []
  return lines.length === 0 ? [] : [headline, ...lines.slice(0, shown), ...more]
}

function oneWay({ host, keeps, opens, closes, carriers }: WayIn): string {
  const over = carriers.map(({ net, interface: name }) => (name === null ? net : `${name} (${net})`))
  const swaps = keeps.length === 0
  const clauses = [
    `${host} at ${entriesText(swaps ? closes : keeps)}${over.length > 0 ? ` over ${over.join(', ')}` : ''}`,
    ...(opens.length > 0 ? [`from then on ${swaps ? 'only' : 'also'} at ${entriesText(opens)}`] : []),
    ...(closes.length > 0 && !swaps ? [`no longer at ${entriesText(closes)}`] : []),
  ]
  return harmless(clauses.join('; '))
}
