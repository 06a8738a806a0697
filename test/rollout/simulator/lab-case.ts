/** What the simulator is given: a lab before and after, and what the planner is told beyond that. */
import type { Move } from '../../../renderers/renderer.ts'
import type { Rendering } from '../../../scripts/lib/bundle/rendering.ts'

export interface Case {
  readonly before: Rendering
  readonly after: Rendering
  readonly last: readonly string[]
  /** Hosts that count as dead; nothing of theirs changes. */
  readonly lost: readonly string[]
  /** Groups that may fall. */
  readonly acceptOutage: readonly string[]
  /** Hosts that have to change together, as their renderer says. */
  readonly moves?: readonly Move[]
}

/** For a person who looks for the fault: one line per part and per group. */
export function told({ before, after, last, lost, acceptOutage, moves = [] }: Case): string {
  const side = (rendering: Rendering) => [...parts(rendering), ...groups(rendering)].map((line) => `  ${line}`)
  return [
    `last ${last.join()}; lost ${lost.join()}; outage accepted ${acceptOutage.join()}`,
    ...moves.map(
      ({ part, inCharge, effects }) =>
        `${part} moves, ${inCharge} in charge: ${Object.entries(effects)
          .map(([host, { interrupts }]) => `${host} interrupts ${interrupts.join()}`)
          .join('; ')}`,
    ),
    'before',
    ...side(before),
    'after',
    ...side(after),
  ].join('\n')
}

function parts({ hosts }: Rendering): readonly string[] {
  return Object.values(hosts).flatMap(({ host, parts: own }) =>
    own.map(({ id, layer, reach, files }) => {
      const [file] = files
      return `${id}@${host} layer ${layer} ${reach} "${file?.content}" interrupts ${file?.onChange.interrupts.join()}`
    }),
  )
}

function groups({ hosts }: Rendering): readonly string[] {
  const lines = Object.values(hosts).flatMap((bundle) =>
    bundle.groups.map(({ id, kind, minimum, members }) => {
      const list = members.map((each) => `${each.id}*${each.votes} needs ${JSON.stringify(each.needs)}`)
      return `${kind} ${id} minimum ${minimum}: ${list.join('; ')}`
    }),
  )
  return [...new Set(lines)]
}
