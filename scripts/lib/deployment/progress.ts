/** What has happened so far in a run, and the outcome that follows from it. */
import type { Exit, Failure } from '../failure.ts'
import type { Rollout, Step } from '../rollout/rollout.ts'
import type { Edit } from './edits.ts'
import type { Facts } from './inspect.ts'
import { logsOf } from './logs.ts'
import type { HostOutcome, Outcome, StepOutcome } from './outcome.ts'
import type { DeployRequest } from './request.ts'
import type { StepEnd } from './step.ts'

export interface Progress {
  facts: ReadonlyMap<string, Facts>
  rollout: Rollout | null
  /** What stands in the way on the hosts, and is not ours to overwrite. */
  edits?: readonly Edit[]
  /** By step: how it ended. */
  readonly ends: Map<number, StepEnd>
  /** By step that was confirmed: how taking it back ended. */
  readonly back: Map<number, 'reverted' | 'unknown'>
  /** Hosts on which something was only written down. */
  readonly recorded: Set<string>
}

export interface Ending {
  readonly failure: Failure
  readonly exit: Exit
}

/** Per host and per step, from what was seen only. */
export function outcomeOf(request: DeployRequest, progress: Progress, ending: Ending | null): Outcome {
  const steps = progress.rollout?.waves.flat() ?? []
  const hosts = Object.keys(request.target.hosts).toSorted()
  const logs = steps.flatMap(({ id, writes }) => {
    const end = progress.ends.get(id)
    return end?.kind === 'undone' ? logsOf(writes, end.since) : []
  })
  return {
    format: 1,
    lab: request.target.lab,
    rollout: progress.rollout?.digest ?? null,
    commit: request.commit,
    exit: ending?.exit ?? 0,
    hosts: Object.fromEntries(hosts.map((host) => [host, hostOutcome(request, progress, steps, host)])),
    steps: steps.map((step) => ({ id: step.id, ...stepOutcome(request, progress, step) })),
    failure: ending?.failure ?? null,
    ...(logs.length === 0 ? {} : { logs }),
    ...(progress.edits === undefined ? {} : { edits: progress.edits }),
  }
}

function stepOutcome({ apply }: DeployRequest, { ends, back }: Progress, { id }: Step): Omit<StepOutcome, 'id'> {
  const end = ends.get(id)
  if (end === undefined) return { outcome: 'not-started', detail: apply ? 'not begun' : 'would be done' }
  return { ...stepEnd(end, back.get(id)), ...(end.ha === undefined ? {} : { ha: end.ha.kind }) }
}

function stepEnd(end: StepEnd, taken: 'reverted' | 'unknown' | undefined): Omit<StepOutcome, 'id'> {
  const faults = end.kind !== 'confirmed' && end.faults.length > 0 ? { faults: end.faults } : {}
  if (end.kind === 'not-started') return { outcome: 'not-started', detail: end.why, ...faults }
  if (end.kind === 'undone') {
    const clean = Object.values(end.hosts).every(({ state }) => state === 'reverted')
    return { outcome: clean ? 'reverted' : 'unknown', detail: end.why, ...faults }
  }
  if (taken === undefined) return { outcome: 'confirmed', detail: 'confirmed' }
  return {
    outcome: taken,
    detail: taken === 'reverted' ? 'confirmed, and taken back later' : 'confirmed; taking it back failed',
  }
}

function hostOutcome(request: DeployRequest, progress: Progress, steps: readonly Step[], host: string): HostOutcome {
  if (!progress.facts.has(host)) return notAsked(request, host)
  const own = steps.filter(({ id, writes }) => {
    const end = progress.ends.get(id)
    if (end?.kind === 'undone' && Object.hasOwn(end.hosts, host)) return true
    return writes.some((write) => write.host === host && write.changes.length > 0)
  })
  const states = own.map((step) => stateOn(progress, step, host))
  const numbers = (state: string) => own.filter((_, index) => states[index] === state).map(({ id }) => id)
  const list = (state: string) => `${numbers(state).length === 1 ? 'step' : 'steps'} ${numbers(state).join(', ')}`
  if (numbers('unknown').length > 0) {
    const end = progress.ends.get(numbers('unknown')[0] as number)
    const why = end?.kind === 'undone' ? end.hosts[host]?.detail : undefined
    return { outcome: 'unknown', detail: `${list('unknown')}: ${why ?? 'what it holds now is not known'}` }
  }
  const left = numbers('none').length > 0 ? { notBegun: numbers('none') } : {}
  const rest = numbers('none').length > 0 ? `, ${list('none')} not begun` : ''
  if (numbers('confirmed').length > 0)
    return { outcome: 'applied', detail: `${list('confirmed')} confirmed${rest}`, ...left }
  if (numbers('reverted').length > 0)
    return { outcome: 'reverted', detail: `${list('reverted')} taken back${rest}`, ...left }
  const detail = own.length === 0 ? 'as wanted' : `${list('none')} ${request.apply ? 'not begun' : 'would be done'}`
  return { outcome: 'unchanged', detail: progress.recorded.has(host) ? `${detail}; written down` : detail, ...left }
}

function stateOn({ ends, back }: Progress, { id }: Step, host: string): 'none' | 'confirmed' | 'reverted' | 'unknown' {
  const end = ends.get(id)
  if (end === undefined || end.kind === 'not-started') return 'none'
  if (end.kind === 'confirmed') return back.get(id) ?? 'confirmed'
  return end.hosts[host]?.state ?? 'unknown'
}

function notAsked({ target, without }: DeployRequest, host: string): HostOutcome {
  if (without.includes(host)) return { outcome: 'unknown', detail: 'left out (--without)' }
  if (target.hosts[host]?.parts.length === 0 && target.hosts[host]?.kind === 'guest') {
    return { outcome: 'unchanged', detail: 'it has no files' }
  }
  return { outcome: 'unknown', detail: 'nothing was written on it; what it holds was not read' }
}
