/** Everything that a rehearsal saw → its report. Pure. */
import type { Group } from '../../../renderers/renderer.ts'
import type { Killed } from './damage.ts'
import { faultText } from './fault.ts'
import { notRehearsed, standIns } from './limits.ts'
import {
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
import type { Rolled } from './rolled.ts'
import type { Sampled } from './sampling.ts'

export interface Seen {
  readonly rolled: Rolled
  /** What was not well when all was over; null where all was. */
  readonly unwell: string | null
  /** When that was known: milliseconds since 1970. */
  readonly whole: number
  /** By host: "old", "new", or what is mixed. */
  readonly held: Readonly<Record<string, string>>
  readonly killed: Killed | null
  readonly sampled: Sampled
  readonly groups: readonly Group[]
  /** Nothing ran before. */
  readonly isBare: boolean
  readonly seconds: RehearsalReport['seconds']
}

/** Faults in which two owners are what the network makes of it, and no mistake. */
const partitions: readonly string[] = ['wan-cut', 'node-frozen']

export function reportOf(request: RehearsalRequest, seen: Seen): RehearsalReport {
  const { rolled, sampled, groups, held, seconds, isBare } = seen
  const { began, ended, rollout, times, struck } = rolled
  // What a fault takes away is not the steps' doing.
  const windows = rollout === null || struck.length > 0 ? [] : windowsIn(rollout, times)
  const steps = measuredSteps(windows, sampled.series, began)
  const grouped = measuredGroups(groups, sampled.series, began, ended)
  const violations = [
    ...endings(request, seen),
    ...Object.entries(held).flatMap(([host, is]) =>
      is === 'new' || is === 'unchanged' || (is === 'old' && rolled.outcome?.exit !== 0)
        ? []
        : [`${host} is left half-way: ${is}`],
    ),
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
    notRehearsed: notRehearsed(request, groups, sampled, began, isBare),
    seconds,
    deployment: {
      exit: rolled.outcome?.exit ?? 4,
      digest: rolled.outcome?.rollout ?? null,
      failure: rolled.outcome?.failure ?? null,
    },
    hosts: held,
    steps: steps.steps,
    groups: grouped,
    offers: measuredOffers(sampled.series, began, ended).filter(({ asked, lost }) => asked > lost),
    faults: faults(seen),
  }
}

/** Whether the runs came to the end they should come to. */
function endings({ faults: wanted }: RehearsalRequest, { rolled, unwell, killed }: Seen): readonly string[] {
  const { outcome, recovery, struck, missed } = rolled
  const of = (failure: string | undefined) => failure ?? 'the deployer ended without a word'
  return [
    ...(outcome?.exit === 0 || struck.length > 0
      ? []
      : [`the rollout did not go through: ${of(outcome?.failure?.what)}`]),
    ...missed,
    ...(struck.length === wanted.length ? [] : ['a fault never came about: the rollout has no such step or phase']),
    ...(struck.length > 0 && recovery?.exit !== 0
      ? [`the run after the fault did not go through: ${of(recovery?.failure?.what)}`]
      : []),
    ...(unwell === null ? [] : [`not whole afterwards: ${unwell}`]),
    ...(killed === null || killed.wholeAfterSeconds !== null
      ? []
      : [`not whole again after ${killed.host} was killed and switched on`]),
  ]
}

function tooFew(groups: readonly MeasuredGroup[]): readonly string[] {
  const below = groups.filter(({ fewest, needs }) => fewest < needs)
  return below.map(({ id, fewest, needs }) => `${id} fell to ${fewest}, and needs ${needs}`)
}

function faults({ rolled, killed, sampled, groups, whole, unwell }: Seen): readonly MeasuredFault[] {
  const { series } = sampled
  const within = rolled.struck.map(({ fault, host, at }) => {
    const wholeAfterSeconds = unwell === null ? (whole - rolled.ended) / 1000 : null
    const when = faultText({ ...fault, host: null })
    return faultOf({ name: fault.name, host, when, from: at, to: whole, wholeAfterSeconds }, groups, series)
  })
  if (killed === null) return within
  const { host, at: from, until: to, wholeAfterSeconds } = killed
  const last = { name: 'node-killed', host, when: 'after the rollout', from, to, wholeAfterSeconds }
  return [...within, faultOf(last, groups, series)]
}
