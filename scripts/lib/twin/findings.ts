/** Everything that a rehearsal saw → its report. Pure. */
import type { Group } from '../../../renderers/renderer.ts'
import type { Killed, Struck } from './damage.ts'
import { faultText, type Fault } from './fault.ts'
import { notRehearsed, standIns } from './limits.ts'
import {
  behindOffers,
  doubleOwners,
  faultOf,
  measuredGroups,
  measuredOffers,
  measuredSteps,
  windowsIn,
  type MeasuredFault,
  type MeasuredGroup,
  type RehearsalReport,
} from './report.ts'
import type { RehearsalRequest } from './request.ts'
import type { Left, Rolled } from './rolled.ts'
import type { Round, Rounds } from './rounds.ts'
import type { Sampled } from './sampling.ts'
import type { Series } from './series.ts'

export interface Seen extends Rounds {
  readonly killed: Killed | null
  readonly sampled: Sampled
  readonly groups: readonly Group[]
  /** By node, why its line is not as slow and lossy as the lab says. */
  readonly refusedLines: ReadonlyMap<string, string>
  /** Nothing ran before. */
  readonly isBare: boolean
  readonly seconds: RehearsalReport['seconds']
}

/** Faults in which two owners are what the network makes of it, and no mistake. */
const partitions: readonly string[] = ['wan-cut', 'node-frozen']

export function reportOf(request: RehearsalRequest, seen: Seen): RehearsalReport {
  const { rounds, stopped, groups, seconds, isBare, killed, refusedLines } = seen
  const sampled = { ...seen.sampled, series: seen.sampled.series.map((each) => sinceItCame(each, request.before)) }
  const [first, last] = [rounds[0], rounds.at(-1)]
  if (first === undefined || last === undefined) throw new Error('a rehearsal has at least one rollout')
  const { began, rollout, times } = first.rolled
  const { ended, outcome } = last.rolled
  const struck = rounds.flatMap(({ rolled }) => rolled.struck ?? [])
  // What a fault takes away is not the steps' doing.
  const windows = rollout === null || struck.length > 0 ? [] : windowsIn(rollout, times)
  const steps = measuredSteps(windows, sampled.series, behindOffers(groups, request.wiring.visitors), began)
  const grouped = measuredGroups(groups, sampled.series, began, ended)
  const violations = [
    ...rounds.flatMap((round, index) => endings(round, request.faults[index] ?? null)),
    ...(stopped === null ? [] : [stopped]),
    ...(killed === null || killed.wholeAfterSeconds !== null
      ? []
      : [`not whole again after ${killed.host} was killed and switched on`]),
    ...steps.violations,
    ...(struck.length > 0 ? [] : tooFew(grouped)),
    ...(struck.some(({ fault }) => partitions.includes(fault.name)) ? [] : doubleOwners(sampled.said, began, ended)),
  ]
  return {
    format: 1,
    lab: request.after.lab,
    base: request.base,
    commit: request.commit,
    machines: { nodes: request.wiring.nodes.length, guests: request.wiring.guests.length },
    well: violations.length === 0,
    violations,
    standIns: standIns(request),
    notRehearsed: notRehearsed(request, groups, sampled, began, isBare, refusedLines),
    seconds,
    deployment: { exit: outcome?.exit ?? 4, digest: outcome?.rollout ?? null, failure: outcome?.failure ?? null },
    hosts: last.held,
    steps: steps.steps,
    groups: grouped,
    offers: measuredOffers(sampled.series, began, ended).filter(({ asked, lost }) => asked > lost),
    faults: faults({ ...seen, sampled }),
  }
}

/** What the base does not have cannot be away before it came. */
function sinceItCame(series: Series, before: RehearsalRequest['before']): Series {
  const members = Object.values(before.hosts).flatMap((bundle) => bundle.groups.flatMap((group) => group.members))
  const isOld = members.some(({ id, provides }) => id === series.id || provides.includes(series.id))
  const came = series.samples.findIndex(({ well }) => well)
  return series.kind === 'offer' || isOld || came === -1 ? series : { ...series, samples: series.samples.slice(came) }
}

/** Whether a rollout came to the end it should come to. */
function endings({ rolled, unwell, held }: Round, fault: Fault | null): readonly string[] {
  const { outcome, recovery, struck, missed, left } = rolled
  const of = (failure: string | undefined) => failure ?? 'the deployer ended without a word'
  const found = [
    ...(outcome?.exit === 0 || struck !== null
      ? []
      : [`the rollout did not go through: ${of(outcome?.failure?.what)}`]),
    ...(missed === null ? [] : [missed]),
    ...(outcome?.exit === 3 ? notBack(struck, left) : []),
    ...(fault?.name === 'config-refused' && missed === null && outcome?.exit === 0
      ? [`${struck?.unit} refused its configuration, and the rollout went through all the same`]
      : []),
    ...(fault === null || struck !== null ? [] : ['the fault never came about: the rollout has no such step or phase']),
    ...(struck !== null && recovery?.exit !== 0
      ? [`the run after the fault did not go through: ${of(recovery?.failure?.what)}`]
      : []),
    ...(unwell === null ? [] : [`not whole afterwards: ${unwell}`]),
    ...Object.entries(held).flatMap(([host, is]) =>
      is === 'new' || is === 'unchanged' || (is === 'old' && outcome?.exit !== 0)
        ? []
        : [`${host} is left half-way: ${is}`],
    ),
  ]
  return fault === null ? found : found.map((sentence) => `with ${faultText(fault)}: ${sentence}`)
}

/** Of a rollout that says that everything was taken back. */
function notBack(struck: Struck | null, left: Left | null): readonly string[] {
  if (left === null) return []
  const hosts = Object.entries(left.held).filter(([, is]) => is !== 'old' && is !== 'unchanged')
  return [
    ...hosts.map(([host, is]) => `${host} was not taken back whole: ${is}`),
    ...(left.unit?.was === 'active' && left.unit.is !== 'active'
      ? [`everything was taken back, and ${struck?.unit} is ${left.unit.is}`]
      : []),
  ]
}

function tooFew(groups: readonly MeasuredGroup[]): readonly string[] {
  const below = groups.filter(({ fewest, needs }) => fewest < needs)
  return below.map(({ id, fewest, needs }) => `${id} fell to ${fewest}, and needs ${needs}`)
}

function faults({ rounds, killed, sampled, groups }: Seen): readonly MeasuredFault[] {
  const { series } = sampled
  const within = rounds.flatMap(({ rolled, whole, unwell }) => {
    const { struck, ended } = rolled
    if (struck === null) return []
    const { fault, host, at: from } = struck
    const wholeAfterSeconds = unwell === null ? (whole - ended) / 1000 : null
    const when = `at step ${fault.step}, ${fault.phase}`
    const found = { name: fault.name, host, when, rollout: endOf(rolled), from, to: whole, wholeAfterSeconds }
    return [faultOf(found, groups, series)]
  })
  if (killed === null) return within
  const { host, at: from, until: to, wholeAfterSeconds } = killed
  const last = { name: 'node-killed', host, when: 'after the rollout', rollout: null, from, to, wholeAfterSeconds }
  return [...within, faultOf(last, groups, series)]
}

/** How a rollout ended that a fault struck, in words. */
function endOf({ outcome, struck, left }: Rolled): string {
  if (outcome === null) return 'the deployer ended without a word'
  if (outcome.exit !== 0) return `ended with exit ${outcome.exit}: ${outcome.failure?.what ?? 'no reason was given'}`
  if (!left?.unit || left.unit.is === 'active') return 'went through'
  return `went through, and nothing in it noticed that ${struck?.unit} of ${struck?.host} is ${left.unit.is}`
}
