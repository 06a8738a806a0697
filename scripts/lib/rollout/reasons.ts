/** Why a step comes when it comes, in words for a person. */
import type { Group, Move } from '../../../renderers/renderer.ts'
import { byCodeUnits } from '../bundle/canonical.ts'
import type { Draft } from './draft.ts'
import { inCharge } from './in-charge.ts'
import { partOf, type World } from './world.ts'

/** `steps`: all of the rollout, in order. */
export function reasons(
  world: World,
  draft: Draft,
  steps: readonly Draft[],
  last: readonly string[],
): readonly string[] {
  const hosts = draft.writes.map((write) => write.host)
  const later = steps.slice(steps.indexOf(draft) + 1)
  const isFinal = !later.some((step) => step.service === draft.service && step.part === draft.part)
  const siblings = steps.some((step) => step !== draft && step.service === draft.service && step.part === draft.part)
  const jump = hosts.filter((host) => last.includes(host))
  return [
    ...(jump.length > 0 && draft.move === null
      ? [`${jump.join(', ')} comes last in its layer: the deployer depends on it`]
      : []),
    ...(isFinal && siblings && jump.length === 0 ? finalReason(world, draft) : []),
    ...(draft.reach === 'cluster' ? [`${draft.part} is the same for all its hosts: one step`] : []),
    ...(raised(world, draft) ? [`${draft.part} carries a quorum: after everything that is cheaper to lose`] : []),
    ...(draft.move === null ? [] : inTurn(draft, draft.move)),
    ...(draft.alone ? [`${draft.service} was rendered by another version of quorate: one host at a time`] : []),
  ]
}

/** What takes the member in charge away waits for the others. */
function finalReason(world: World, draft: Draft): readonly string[] {
  const hosts = draft.writes.map((write) => write.host).toSorted(byCodeUnits)
  return [...inCharge(world)]
    .filter(([id]) => draft.away.has(id) || draft.own.includes(id))
    .map(
      ([, group]) =>
        `${hosts.join(', ')} comes last: ${isOwned(group) ? 'it is in charge of' : 'it stays for'} ${group.id}`,
    )
}

/** One member owns what the group stands for; else any is as good as the last one. */
function isOwned({ agree }: Group): boolean {
  return agree.some(({ across }) => across === 'one')
}

/** Why several hosts have to change in one step, and who goes on meanwhile. */
function inTurn({ part, writes }: Draft, { inCharge: chief, why, isLast = false }: Move): readonly string[] {
  const others = writes.map(({ host }) => host).filter((host) => host !== chief)
  const names = others.toSorted(byCodeUnits).join(', ')
  const isWritten = others.length < writes.length
  if (isLast) {
    return [
      `${why}: hosts with the old ${part} and hosts with the new one would not let each other in`,
      `so ${names} ${others.length === 1 ? 'gets' : 'get'} what is new first, and then ${chief} changes`,
    ]
  }
  return [
    `${why}: hosts with the old ${part} and hosts with the new one would not hear each other, and more than one would be in charge`,
    `so ${names} stop first, ${chief} ${isWritten ? 'changes' : 'goes on'} alone, and then ${names} start with what is new`,
  ]
}

function raised(world: World, draft: Draft): boolean {
  const host = draft.writes[0]?.host ?? ''
  const part = partOf(world.after.rendering, host, draft.part) ?? partOf(world.before.rendering, host, draft.part)
  return part !== undefined && part.layer !== draft.layer
}
