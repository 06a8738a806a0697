/** One step in its eight phases: staged, validated, gated, armed, activated, probed, confirmed; or taken back. */
import type { Probe } from '../../../renderers/renderer.ts'
import { FailureError, type Exit } from '../failure.ts'
import type { Step } from '../rollout/rollout.ts'
import type { Clock } from './clock.ts'
import { deadlineOf, fenceSeconds } from './deadline.ts'
import type { Phase, Report } from './event.ts'
import { belowMinimum, healthOf, notWhole, type GroupView } from './groups.ts'
import { revertHosts, type Reverted } from './revert.ts'
import { HostRefusal, type Session } from './session.ts'
import { settledOrNot } from './soak.ts'
import { stage, validate, type Stage } from './stage.ts'

/** A step with everything it needs, so that nothing has to be looked up on the way. */
export interface Job {
  readonly step: Step
  /** How many steps the rollout has. */
  readonly steps: number
  readonly takingBack: boolean
  /** One per host written to, those whose units are told last. */
  readonly stages: readonly Stage[]
  /** By host written to. */
  readonly checks: Readonly<Record<string, readonly Probe[]>>
  readonly probes: Readonly<Record<string, readonly Probe[]>>
  readonly gate: readonly GroupView[]
  readonly whole: readonly GroupView[]
  /** Hosts that count as dead. */
  readonly lost: ReadonlySet<string>
  /** Hosts whose watchdog may reset them when quorum is lost. */
  readonly fencing: readonly string[]
}

export type StepEnd =
  | { readonly kind: 'confirmed' }
  /** Nothing was put in place anywhere. */
  | { readonly kind: 'not-started'; readonly why: string; readonly exit: Exit; readonly next: string }
  /** By host, what is known. */
  | { readonly kind: 'undone'; readonly why: string; readonly hosts: Readonly<Record<string, Reverted>> }

export interface Tools {
  readonly session: Session
  readonly clock: Clock
  readonly report: Report
}

/** Carries a step out, or leaves no trace of it. Never throws for what a host does. */
export async function carryOut(tools: Tools, job: Job): Promise<StepEnd> {
  const { session, clock } = tools
  const hosts = job.stages.map(({ host }) => host)
  const seconds = deadlineOf(job.step, Object.values(job.probes).flat(), job.whole, clock.pace ?? 1)
  try {
    await prepare(tools, job, seconds)
  } catch (error) {
    return notStarted(tools, job, error)
  }
  const armedAt = clock.now()
  const until = armedAt + seconds * 1000
  const undo = async (why: string): Promise<StepEnd> => {
    tools.report({ kind: 'failed', ...numbers(job), hosts, why })
    return { kind: 'undone', why, hosts: await revertHosts(tools, job, until) }
  }
  try {
    await allOf(hosts, (host) => session.write(host, 'arm', [generationOf(job, host), String(seconds)], [], 30_000))
    tell(tools, job, 'armed', `${seconds} s`)
    const cut = await activate(tools, job, seconds)
    tell(
      tools,
      job,
      'activated',
      cut.length === 0 ? told(job) : `${told(job)}; the connection to ${cut.join(', ')} broke meanwhile`,
    )
  } catch (error) {
    return undo(reason(error))
  }
  // The old connections may outlive what would refuse a new one.
  for (const host of job.step.affects) session.renew(host)
  const until2 = until - 5000
  const unwell = await settledOrNot(session, clock, {
    probes: job.probes,
    groups: job.whole,
    lost: job.lost,
    until: until2,
  })
  if (unwell !== null) return undo(unwell)
  tell(
    tools,
    job,
    'probed',
    job.whole.length === 0 ? 'probes ok' : `probes ok, ${job.whole.map(({ group }) => group.id).join(', ')} whole`,
  )
  try {
    for (const host of hosts) await session.write(host, 'confirm', [generationOf(job, host)], [], 30_000)
  } catch (error) {
    return undo(`it could not be confirmed: ${reason(error)}`)
  }
  tell(tools, job, 'confirmed', '')
  return { kind: 'confirmed' }
}

async function prepare(tools: Tools, job: Job, seconds: number): Promise<void> {
  const { session } = tools
  await allOf(job.stages, (wanted) => stage(session, wanted))
  tell(tools, job, 'staged', files(job))
  const real = await allOf(job.stages, ({ host, generation }) =>
    validate(session, host, generation, job.checks[host] ?? []),
  )
  const checks = Object.values(job.checks).flat()
  if (checks.length > 0) {
    const how = real.every((result) => result.real) ? '' : ' (on a copy: mounts are denied there)'
    tell(tools, job, 'validated', `${[...new Set(checks.map(({ title }) => title))].join(', ')}${how}`)
  }
  await passGate(tools, job)
  const atRisk = job.step.groups.some(({ kind, before, during }) => kind === 'quorum' && during < before)
  if (atRisk && job.fencing.length > 0 && seconds > fenceSeconds) {
    throw stop(
      `HA is armed on ${job.fencing.join(', ')}, and this step could cost quorum for up to ${seconds} s; a node is reset after about 60 s`,
      'disarm HA first ("ha-manager crm-command disarm-ha freeze"), and arm it again afterwards',
    )
  }
}

async function passGate(tools: Tools, job: Job): Promise<void> {
  for (const view of job.gate) {
    const health = await healthOf(view, tools.session, job.lost)
    const why = notWhole(view, health, job.lost) ?? belowLost(view, health, job)
    if (why !== null) throw stop(`${view.group.id} is not whole: ${why}`, 'mend the group first, and run again')
  }
  tell(
    tools,
    job,
    'gated',
    job.gate.length === 0 ? 'no group is touched' : `${job.gate.map(({ group }) => group.id).join(', ')} whole`,
  )
}

/** With hosts that count as dead the planner's numbers do not hold; here they are made again on what is there. */
function belowLost(view: GroupView, health: Awaited<ReturnType<typeof healthOf>>, job: Job): string | null {
  return job.lost.size === 0 ? null : belowMinimum(view, health, job.step.interrupts)
}

/** Hosts without acts first. Returns the hosts whose connection broke: what they did, the probes will tell. */
async function activate(tools: Tools, job: Job, seconds: number): Promise<readonly string[]> {
  const cut: string[] = []
  for (const { host, generation } of job.stages) {
    try {
      await tools.session.write(host, 'activate', [generation], [], seconds * 1000)
    } catch (error) {
      if (error instanceof HostRefusal || !(error instanceof FailureError)) throw error
      cut.push(host)
    }
  }
  return cut
}

async function notStarted(tools: Tools, job: Job, error: unknown): Promise<StepEnd> {
  if (!(error instanceof FailureError)) throw error
  const { what: why, next } = error.failure
  tools.report({ kind: 'failed', ...numbers(job), hosts: job.stages.map(({ host }) => host), why })
  // What cannot be discarded now is discarded by the next run: it is only staged.
  await allOf(job.stages, ({ host, generation }) =>
    tools.session.write(host, 'discard', [generation], [], 30_000).catch((failed: unknown) => {
      if (!(failed instanceof FailureError)) throw failed
    }),
  )
  return { kind: 'not-started', why, exit: error.exit, next }
}

function stop(what: string, next: string): FailureError {
  return new FailureError({ what, where: 'gate', now: 'the step was not begun', next }, 4)
}

function tell(tools: Tools, job: Job, phase: Phase, detail: string): void {
  const hosts = job.stages.map(({ host }) => host)
  tools.report({ kind: 'phase', ...numbers(job), hosts, phase, detail, takingBack: job.takingBack })
}

function numbers(job: Job) {
  return { step: job.step.id, steps: job.steps }
}

function generationOf(job: Job, host: string): string {
  const generation = job.stages.find((each) => each.host === host)?.generation
  if (generation === undefined) throw new Error(`step ${job.step.id} writes nothing on ${host}`)
  return generation
}

function files(job: Job): string {
  const count = job.stages.reduce((sum, { files: staged }) => sum + staged.filter(({ op }) => op !== 'keep').length, 0)
  return `${count} ${count === 1 ? 'file' : 'files'}`
}

function told(job: Job): string {
  const acts = job.stages
    .flatMap(({ acts: own }) => own)
    .map((act) => ('run' in act ? act.run.join(' ') : `${act.do} ${act.unit}`))
  return acts.length === 0 ? 'in place' : [...new Set(acts)].join(', ')
}

function reason(error: unknown): string {
  if (error instanceof FailureError) return error.failure.what
  throw error
}

async function allOf<T, R>(items: readonly T[], does: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results = await Promise.allSettled(items.map(does))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return results.map((result) => (result as PromiseFulfilledResult<R>).value)
}
