/** Whether a group is whole, asked of every member's own host. */
import type { Agreement, Group, Id, Member, PerHost } from '../../../renderers/renderer.ts'
import { canonicalJson } from '../bundle/canonical.ts'
import type { Bundle } from '../bundle/rendering.ts'
import { FailureError } from '../failure.ts'
import { fault, runOn, type Answered } from './probe.ts'
import type { Session } from './session.ts'

/** Between which two states of the lab a rollout stands. */
export interface World {
  readonly before: PerHost<Bundle>
  readonly after: PerHost<Bundle>
  /** Every change of this host is confirmed: its members are those of `after`. */
  updated(host: string): boolean
  /** A change of the member's own is confirmed, or about to be. */
  begun(member: Pick<Member, 'id' | 'host'>): boolean
  /** The group is as `after` has it from here on: all its new members are there. */
  completed(group: Id): boolean
}

export interface GroupView {
  readonly group: Group
  readonly members: readonly Member[]
  /** Told of every answer, in the order in which they come. */
  answered?(health: GroupHealth): void
}

export interface GroupHealth {
  /** Members that are not well, with the reason. */
  readonly down: ReadonlyMap<Id, string>
  /** Hosts of members that did not answer, with the reason. */
  readonly away: ReadonlyMap<string, string>
  /** On what the members do not agree. */
  readonly disagree: readonly string[]
  /** By title, what they agree on: it has to hold still during a soak. */
  readonly common: ReadonlyMap<string, string>
}

/**
 * A group with the members that are to be asked now: all new ones once it is completed, and until then the old ones that are still there, for
 * a new one cannot be up before its peers know it.
 * What is known only from a host's own manifest is asked of that host alone: no host's word makes another one run something.
 */
export function viewOf(id: Id, world: World): GroupView | null {
  const young = groupIn(world.after, id)
  const old = groupIn(world.before, id)
  const group = young ?? old
  if (group === null) return null
  if (young !== null && world.completed(id)) return { group, members: young.members }
  const grows = young?.members.some((member) => !old?.members.some((each) => each.id === member.id)) ?? false
  const hosts = [...(young?.members ?? []), ...(old?.members ?? [])].map((member) => [member.id, member.host] as const)
  const members = [...new Map(hosts)].flatMap(([member, host]) => {
    const after = young?.members.find((each) => each.id === member)
    if (host === '') return after ?? old?.members.find((each) => each.id === member) ?? []
    const before = memberIn(world.before[host], id, member)
    if (before === undefined) return []
    if (!world.updated(host)) return world.begun({ id: member, host }) ? withoutDropped(before, after) : before
    return after === undefined ? [] : grows ? withOldProbes(after, before) : after
  })
  return { group, members }
}

/** Without what the change takes away. A member that leaves is asked everything until it has left. */
function withoutDropped(before: Member, after: Member | undefined): Member {
  if (after === undefined) return before
  const asked = new Set(after.up.map((probe) => canonicalJson(probe)))
  return { ...before, up: before.up.filter((probe) => probe.droppable !== true || asked.has(canonicalJson(probe))) }
}

/** Where members are still to come, only what both definitions ask is asked, and the answer is the one without them. */
function withOldProbes(after: Member, before: Member): Member {
  const asked = new Set(after.up.map(({ run }) => JSON.stringify(run)))
  return { ...after, up: before.up.filter(({ run }) => asked.has(JSON.stringify(run))) }
}

function groupIn(bundles: PerHost<Bundle>, id: Id): Group | null {
  return Object.values(bundles).flatMap((bundle) => bundle.groups.filter((group) => group.id === id))[0] ?? null
}

function memberIn(bundle: Bundle | undefined, group: Id, member: Id): Member | undefined {
  return bundle?.groups.find((each) => each.id === group)?.members.find((each) => each.id === member)
}

/**
 * Asks every member and every agreement. A host that does not answer is down; those in `lost` are not asked. A member on no host of ours is asked
 * about by the others' probes.
 */
export async function healthOf(view: GroupView, session: Session, lost: ReadonlySet<string>): Promise<GroupHealth> {
  const agreements = view.group.agree
  const asked = await Promise.all(
    view.members.filter(isAsked).map(async (member) => {
      if (lost.has(member.host)) return { member, fault: 'counted as lost', picks: null }
      try {
        const answers = await runOn(
          member.host,
          session,
          [...member.up, ...agreements].map((each) => each.run),
        )
        const faults = member.up.flatMap((probe, index) => fault(probe, answers[index] as Answered) ?? [])
        const picks = agreements.map((agreement, index) =>
          pick(agreement, answers[member.up.length + index] as Answered),
        )
        return { member, fault: faults.length > 0 ? faults.join('; ') : null, picks }
      } catch (error) {
        if (!(error instanceof FailureError)) throw error
        return { member, fault: error.failure.what, picks: null, away: error.failure.what }
      }
    }),
  )
  const away = new Map(
    asked.flatMap(({ member, away: why }) => (why === undefined ? [] : [[member.host, why] as const])),
  )
  const down = new Map(asked.flatMap(({ member, fault: why }) => (why === null ? [] : [[member.id, why] as const])))
  const answering = asked.flatMap(({ member, picks }) => (picks === null ? [] : [{ member, picks }]))
  const disagree = agreements.flatMap(
    (agreement, index) =>
      disagreement(
        agreement,
        answering.map(({ member, picks }) => ({ host: member.host, picked: picks[index] ?? '' })),
      ) ?? [],
  )
  const common = new Map(
    agreements.flatMap(({ title, across }, index) =>
      across === 'same' ? [[title, answering[0]?.picks[index] ?? ''] as const] : [],
    ),
  )
  const health = { down, away, disagree, common }
  view.answered?.(health)
  return health
}

function isAsked({ host }: Member): boolean {
  return host !== ''
}

/** Why the group is not whole; null where it is. Members on lost hosts do not count against it. */
export function notWhole(view: GroupView, health: GroupHealth, lost: ReadonlySet<string>): string | null {
  const down = view.members.filter((member) => !lost.has(member.host) && health.down.has(member.id))
  const reasons = [...down.map((member) => `${member.id}: ${health.down.get(member.id)}`), ...health.disagree]
  return reasons.length === 0 ? null : reasons.join('; ')
}

/** Why the group would fall below its minimum when `away` were away too; null where it would not. */
export function belowMinimum(view: GroupView, health: GroupHealth, away: readonly Id[]): string | null {
  const there = view.members.filter((member) => !health.down.has(member.id) && !away.includes(member.id))
  const count = view.group.kind === 'quorum' ? there.reduce((sum, member) => sum + member.votes, 0) : there.length
  if (count >= view.group.minimum) return null
  return `${view.group.id} would be left with ${count}, and needs ${view.group.minimum}`
}

export function pick(agreement: Agreement, answered: Answered): string {
  return [...answered.stdout.matchAll(new RegExp(agreement.pick, 'gm'))].map((match) => match[1] ?? match[0]).join(' ')
}

function disagreement(
  agreement: Agreement,
  picks: readonly { readonly host: string; readonly picked: string }[],
): string | null {
  const list = picks.map(({ host, picked }) => `${host}: ${picked === '' ? 'nothing' : picked}`).join(', ')
  if (agreement.across === 'one') {
    return picks.filter(({ picked }) => picked !== '').length === 1
      ? null
      : `${agreement.title}: not exactly one (${list})`
  }
  return picks.every(({ picked }) => picked === picks[0]?.picked && picked !== '')
    ? null
    : `${agreement.title}: not the same everywhere (${list})`
}
