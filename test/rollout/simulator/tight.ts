/** Steps that disturb each other are never in one wave, and no step could stand in the wave before. */
import type { Id } from '../../../renderers/renderer.ts'
import { cellsOf } from './cells.ts'
import type { Facts } from './facts.ts'
import type { Job } from './job.ts'
import type { Run } from './run.ts'
import { restsOn } from './standing.ts'

export function looseWaves(run: Run, disturb: Disturb): readonly string[] {
  return run.waves.flatMap((wave, index) =>
    wave.flatMap(({ step, job }) => [
      ...wave
        .filter((other) => other.step.id > step.id && disturb(job, other.job))
        .map((other) => `steps ${step.id} and ${other.step.id} disturb each other`),
      ...(index > 0 && !run.waves[index - 1]?.some((other) => disturb(job, other.job))
        ? [`step ${step.id} could come earlier`]
        : []),
    ]),
  )
}

/** Whether two jobs must not go on at the same time. */
export type Disturb = (a: Job, b: Job) => boolean

export function disturbIn(facts: Facts): Disturb {
  const prints = footprints(facts)
  return (a, b) => doDisturb(prints(a), prints(b))
}

interface Footprint {
  readonly hosts: ReadonlySet<string>
  readonly groups: ReadonlySet<Id>
  readonly weak: ReadonlySet<Id>
  readonly own: ReadonlySet<Id>
  readonly carried: ReadonlySet<Id>
  readonly cells: ReadonlySet<string>
  readonly layer: number
  readonly isRisky: boolean
}

function doDisturb(x: Footprint, y: Footprint): boolean {
  const common = (left: ReadonlySet<string>, right: ReadonlySet<string>) => [...left].some((each) => right.has(each))
  if (common(x.hosts, y.hosts) || common(x.groups, y.groups) || common(x.weak, y.weak)) return true
  if (common(x.own, y.carried) || common(y.own, x.carried)) return true
  return common(x.cells, y.cells) && (x.layer !== y.layer || x.isRisky || y.isRisky)
}

function footprints(facts: Facts): (job: Job) => Footprint {
  const cells = cellsOf(facts)
  const known = new Map<Job, Footprint>()
  return (job) => {
    const print = known.get(job) ?? footprint(facts, cells, job)
    known.set(job, print)
    return print
  }
}

function footprint(facts: Facts, cells: (host: string) => string, job: Job): Footprint {
  const taken = facts.members.filter(({ id }) => job.away.has(id)).map(({ host }) => host)
  const hosts = new Set([...job.hosts, ...taken])
  const all = facts.groups.flatMap(({ before, after }) => [before, after]).filter((group) => group !== undefined)
  const guarded = all.filter(({ minimum }) => minimum > 0).flatMap(({ members }) => members.map(({ host }) => host))
  const groups = facts.groups.filter((group) => {
    if (job.own.some((id) => group.ids.has(id))) return true
    const promises = (group.before?.minimum ?? 0) > 0 || (group.after?.minimum ?? 0) > 0
    return promises && restsOn(job, group)
  })
  return {
    hosts,
    groups: new Set(groups.map(({ id }) => id)),
    weak: job.weak,
    own: new Set(job.own),
    carried: facts.fall(job.own, true),
    cells: new Set([...hosts].map(cells)),
    layer: job.layer,
    isRisky: job.layer >= 4 && guarded.some((host) => hosts.has(host)),
  }
}
