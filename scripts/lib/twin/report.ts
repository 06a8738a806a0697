/** What a rehearsal found: what was predicted, and what was measured. Plain data; its shape is a contract. */
import type { Exit, Failure } from '../failure.ts'
import type { Rollout, Step } from '../rollout/rollout.ts'
import { netId, type Group } from '../../../renderers/renderer.ts'
import type { Said } from './host-sampler.ts'
import { gapsIn, longest, lostIn, type Gap, type Series, type Silence } from './series.ts'

export interface RehearsalReport {
  readonly format: 1
  readonly lab: string
  readonly base: string | null
  readonly commit: string | null
  readonly machines: { readonly nodes: number; readonly guests: number }
  /** Nothing that counts against the rollout was found. */
  readonly well: boolean
  /** Everything that does, in sentences. */
  readonly violations: readonly string[]
  /** What only plays its part here: "pmxcfs on pve1, pve2, pve3". */
  readonly standIns: readonly string[]
  /** What could not be rehearsed, in sentences. */
  readonly notRehearsed: readonly string[]
  readonly seconds: { readonly boot: number; readonly base: number; readonly rollout: number; readonly total: number }
  /** How the deployment ended. */
  readonly deployment: { readonly exit: Exit; readonly digest: string | null; readonly failure: Failure | null }
  /** What each host holds in the end: "old", "new", "unchanged", or the files that are not as the others. */
  readonly hosts: Readonly<Record<string, string>>
  readonly steps: readonly MeasuredStep[]
  readonly groups: readonly MeasuredGroup[]
  readonly offers: readonly MeasuredOffer[]
  readonly faults: readonly MeasuredFault[]
}

export interface MeasuredStep {
  readonly id: number
  readonly part: string
  readonly hosts: readonly string[]
  /** Seconds since the rollout began. */
  readonly from: number
  readonly to: number
  readonly predicted: { readonly interrupts: readonly string[]; readonly maxSeconds: number }
  /** What was away meanwhile, and for how long. */
  readonly measured: readonly { readonly id: string; readonly seconds: number }[]
}

export interface MeasuredGroup {
  readonly id: string
  readonly kind: 'quorum' | 'pool'
  /** Votes of a quorum, members of a pool. */
  readonly all: number
  readonly needs: number
  /** The fewest that were there at any moment of the rollout. */
  readonly fewest: number
}

export interface MeasuredOffer {
  readonly title: string
  readonly asked: number
  readonly lost: number
  readonly longestSeconds: number
}

export interface MeasuredFault {
  readonly name: string
  readonly host: string | null
  /** When it happened: "after the rollout", "at step 3, armed". */
  readonly when: string
  /** How the rollout ended that it struck; null: it came after the rollout. */
  readonly rollout: string | null
  /** What was away for how long, from the fault on. */
  readonly away: readonly { readonly id: string; readonly seconds: number; readonly open: boolean }[]
  readonly fewest: readonly { readonly group: string; readonly fewest: number }[]
  /** From the moment at which the host was switched on, or the link mended, until everything was whole again; null where it never was. */
  readonly wholeAfterSeconds: number | null
}

/** When a step was under way: milliseconds since 1970. */
export interface Window {
  readonly step: Step
  readonly from: number
  readonly to: number
}

/** Below this nothing is called an interruption: the samplers, and a busy machine, make as much by themselves. Seconds. */
export const floorSeconds = 1

/** What was away while steps were under way, held against what they had declared. `behind`: the ids that an offer may be away with, by its title. */
export function measuredSteps(
  windows: readonly Window[],
  series: readonly Series[],
  behind: ReadonlyMap<string, readonly string[]>,
  began: number,
): { readonly steps: readonly MeasuredStep[]; readonly violations: readonly string[] } {
  const violations: string[] = []
  const watched = series.filter(({ kind }) => kind !== 'offer')
  const steps = windows.map(({ step, from, to }): MeasuredStep => {
    const measured = watched.flatMap((each) => {
      const seconds = longest(gapsIn(each, from - each.every, to))
      return seconds < Math.max(0.05, each.every / 1000) ? [] : [{ id: each.id, seconds }]
    })
    return {
      id: step.id,
      part: step.part,
      hosts: step.writes.map(({ host }) => host),
      from: (from - began) / 1000,
      to: (to - began) / 1000,
      predicted: { interrupts: step.interrupts, maxSeconds: step.maxSeconds },
      measured,
    }
  })
  for (const each of series) {
    const ids = each.kind === 'offer' ? (behind.get(each.id) ?? []) : [each.id]
    for (const { gap, during } of windowsOf(windows, each)) violations.push(...verdict(each, ids, gap, during))
  }
  return { steps, violations }
}

function windowsOf(windows: readonly Window[], each: Series) {
  const first = Math.min(...windows.map(({ from }) => from))
  const last = Math.max(...windows.map(({ to }) => to))
  if (windows.length === 0) return []
  return gapsIn(each, first - each.every, last).map((gap) => ({
    gap,
    during: windows.filter(({ from, to }) => gap.from <= to && gap.to >= from).map(({ step }) => step),
  }))
}

function verdict({ id, every }: Series, ids: readonly string[], gap: Gap, during: readonly Step[]): readonly string[] {
  if (gap.seconds < floorSeconds) return []
  const declared = during.filter(({ interrupts }) => ids.some((each) => interrupts.includes(each)))
  const names = during.map((step) => `step ${step.id} (${step.part})`).join(' and ') || 'the rollout, between two steps'
  if (declared.length === 0)
    return [`${id} was away for ${shown(gap.seconds)} s during ${names}, which does not declare that`]
  const most = declared.reduce((sum, { maxSeconds }) => sum + maxSeconds, 0)
  if (gap.seconds <= most + every / 1000) return []
  return [`${id} was away for ${shown(gap.seconds)} s during ${names}, and ${most} s at most were declared`]
}

/** By an offer's title: the members of its group, and the place in the network where somebody stands who asks for it. */
export function behindOffers(
  groups: readonly Pick<Group, 'members' | 'offers'>[],
  visitors: readonly { readonly network: string; readonly node: string }[],
): ReadonlyMap<string, readonly string[]> {
  const all = groups.flatMap(({ members, offers = [] }) =>
    offers.map(({ title, network }) => {
      const feet = visitors.filter((each) => each.network === network).map(({ node }) => netId(network, node))
      return [title, [...members.map(({ id }) => id), ...feet]] as const
    }),
  )
  return new Map(all)
}

/** Members of every group that are well, at the moment at which they were fewest. */
export function measuredGroups(
  groups: readonly Pick<Group, 'id' | 'kind' | 'minimum' | 'members'>[],
  series: readonly Series[],
  from: number,
  to: number,
  silence: Silence = 'unknown',
): readonly MeasuredGroup[] {
  return groups.flatMap((group) => {
    const weight = (member: { readonly votes: number }) => (group.kind === 'quorum' ? member.votes : 1)
    const asked = group.members.flatMap((member) => {
      const own = series.find(({ id, kind }) => kind === 'member' && id === member.id)
      return own === undefined || own.samples.length === 0
        ? []
        : [{ weight: weight(member), gaps: gapsIn(own, from, to, silence) }]
    })
    if (asked.length === 0) return []
    const all = group.members.reduce((sum, member) => sum + weight(member), 0)
    const moments = asked.flatMap(({ gaps }) => gaps.map((gap) => (gap.from + gap.to) / 2))
    const at = (moment: number) =>
      asked.reduce(
        (sum, { gaps, weight: own }) => sum + (gaps.some((gap) => gap.from < moment && gap.to > moment) ? 0 : own),
        0,
      )
    const answering = asked.reduce((sum, { weight: own }) => sum + own, 0)
    const fewest = Math.min(answering, ...moments.map(at))
    return [{ id: group.id, kind: group.kind, all, needs: group.minimum, fewest }]
  })
}

export function measuredOffers(series: readonly Series[], from: number, to: number): readonly MeasuredOffer[] {
  return series
    .filter(({ kind }) => kind === 'offer')
    .map((each) => ({ title: each.id, ...lostIn(each, from, to), longestSeconds: longest(gapsIn(each, from, to)) }))
}

/**
 * Times at which two hosts said at once that they have what only one may have. One that hands it over between two looks is not caught by
 * what was last seen of it: only what it said before and after counts.
 */
export function doubleOwners(said: readonly Said[], from: number, to: number): readonly string[] {
  const single = said.filter(({ across }) => across === 'one')
  const titles = [...new Set(single.map(({ title }) => title))]
  return titles.flatMap((title) => {
    const held = single.filter((each) => each.title === title).flatMap((each) => stretches(each, from, to))
    return held.flatMap((one, index) =>
      held.slice(index + 1).flatMap((other) => {
        const overlap = Math.min(one.to, other.to) - Math.max(one.from, other.from)
        if (one.host === other.host || overlap < 100) return []
        return [`${title}: ${one.host} and ${other.host} both, for ${shown(overlap / 1000)} s`]
      }),
    )
  })
}

/** Who was not heard for so long was off, whatever it says afterwards: an answer takes 2 s at most. Milliseconds. */
const silentMs = 3000

function stretches({ host, words }: Said, from: number, to: number) {
  const found: { host: string; from: number; to: number }[] = []
  let open: { host: string; from: number; to: number } | null = null
  for (const { at, picked } of words) {
    if (at < from || at > to) continue
    if (picked === '') open = null
    else if (open === null || at - open.to > silentMs) found.push((open = { host, from: at, to: at }))
    else open.to = at
  }
  return found
}

export function windowsIn(
  rollout: Rollout,
  times: ReadonlyMap<number, { readonly from: number; readonly to: number }>,
): readonly Window[] {
  return rollout.waves.flat().flatMap((step) => {
    const time = times.get(step.id)
    return time === undefined ? [] : [{ step, ...time }]
  })
}

export function shown(seconds: number): string {
  return seconds >= 10 ? seconds.toFixed(0) : seconds.toFixed(1)
}

/** What was away from a fault on, until all was whole again. `from`, `to`: milliseconds since 1970. */
export function faultOf(
  { from, to, ...fault }: Omit<MeasuredFault, 'away' | 'fewest'> & { readonly from: number; readonly to: number },
  groups: readonly Group[],
  series: readonly Series[],
): MeasuredFault {
  const away = series.flatMap((each) => {
    const gaps = gapsIn(each, from - each.every, to, 'away')
    const seconds = longest(gaps)
    if (seconds < 0.2 || !each.samples.some(({ well }) => well)) return []
    return [{ id: each.id, seconds, open: gaps.some(({ open }) => open) }]
  })
  const fewest = measuredGroups(groups, series, from, to, 'away').map(({ id: group, fewest: number }) => ({
    group,
    fewest: number,
  }))
  return { ...fault, away, fewest }
}
