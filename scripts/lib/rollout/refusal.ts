/** Why no safe order exists, and the ways out. */
import { byCodeUnits } from '../bundle/canonical.ts'
import type { Draft } from './draft.ts'
import type { GroupMargin, Refusal } from './rollout.ts'

/** A step that takes a group below its minimum whenever it is carried out. `total`: votes or members that the group has; `ways`: its own ways out. */
export function outage(draft: Draft, margin: GroupMargin, total: number, ways: readonly string[]): Refusal {
  const host = draft.writes[0]?.host ?? ''
  const unit = margin.kind === 'quorum' ? 'votes' : 'members'
  const one = margin.kind === 'quorum' ? 'vote' : 'member'
  const verb = draft.kind === 'removed' ? 'removing' : 'changing'
  const accepted = `accept the outage for this change with  deploy --accept-outage ${margin.group}`
  return {
    group: margin.group,
    service: draft.service,
    part: draft.part,
    host,
    why: `${verb} ${draft.part} on ${where(draft)} takes ${margin.group} from ${margin.before} to ${margin.during} of ${total} ${unit} (needs ${margin.needs})`,
    // Where all change together, one more would change with them.
    waysOut:
      draft.move === null
        ? [...ways, `give ${margin.group} one more ${one} that does not depend on ${host}`, accepted]
        : [`${accepted}  (${draft.maxSeconds} s at most)`],
  }
}

function where({ move, writes }: Draft): string {
  const hosts = writes.map(({ host }) => host)
  return move === null ? (hosts[0] ?? '') : `${hosts.join(', ')} together (${move.why})`
}

/** A change that its service knows no safe way for. */
export function noWay(service: string, part: string, host: string, why: string, manual: string): Refusal {
  return { group: null, service, part, host, why, waysOut: [manual] }
}

/** By service, part, host and group. */
export function sortedRefusals(refusals: readonly Refusal[]): readonly Refusal[] {
  const key = (refusal: Refusal) => [refusal.service, refusal.part, refusal.host, refusal.group ?? ''].join('\n')
  return refusals.toSorted((a, b) => byCodeUnits(key(a), key(b)))
}
