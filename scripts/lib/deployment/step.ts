/** One step in its eight phases: staged, validated, gated, armed, activated, probed, confirmed; or taken back. */
import type { Probe } from '../../../renderers/renderer.ts'
import type { Entry } from '../bundle/entry.ts'
import { FailureError, type Exit } from '../failure.ts'
import type { Step } from '../rollout/rollout.ts'
import { allOf } from './all-of.ts'
import type { Clock } from './clock.ts'
import { confirm } from './confirm.ts'
import { confirmSeconds } from './deadline.ts'
import { diagnosis, type Diagnosis } from './diagnosis.ts'
import { timeFor, withHa, type HaEnd, type HaWindow, type Time } from './disarm.ts'
import type { Phase, Report } from './event.ts'
import { belowMinimum, healthOf, type GroupHealth, type GroupView } from './groups.ts'
import { activateInTurn, armTogether, confirmInTurn, turnOf } from './lockstep.ts'
import { revertHosts, type Reverted } from './revert.ts'
import { revertInTurn } from './revert-in-turn.ts'
import { HostRefusal, type Session } from './session.ts'
import { settledOrNot } from './soak.ts'
import { stage, validate, type Stage } from './stage.ts'
import { watch } from './watch.ts'
import { doorsOf, shutDoors, type Doors } from './ways-in.ts'

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
  /** What each host written to is asked of itself. */
  readonly own: readonly GroupView[]
  readonly gate: readonly GroupView[]
  readonly whole: readonly GroupView[]
  /** Hosts that count as dead. */
  readonly lost: ReadonlySet<string>
  /** Hosts with a resource manager: whether it is armed is asked anew before the step. */
  readonly managers: readonly string[]
}

export type StepEnd = (
  | { readonly kind: 'confirmed' }
  /** Nothing was put in place anywhere. */
  | {
      readonly kind: 'not-started'
      readonly why: string
      readonly faults: readonly string[]
      readonly exit: Exit
      readonly next: string
    }
  | {
      readonly kind: 'undone'
      readonly why: string
      /** Everything that was not well, one per probe and group. */
      readonly faults: readonly string[]
      /** When it was armed: ISO 8601. */
      readonly since: string
      /** By host, what is known. */
      readonly hosts: Readonly<Record<string, Reverted>>
    }
) & {
  /** What became of HA, where it was disarmed for the step. */
  readonly ha?: HaEnd
}

export interface Tools {
  readonly session: Session
  readonly clock: Clock
  readonly report: Report
}

/** Carries a step out, or leaves no trace of it. Never throws for what a host does; for a defect of ours only once the step is undone. */
export function carryOut(tools: Tools, job: Job): Promise<StepEnd> {
  return withHa(tools, job, (ha) => throughAll(tools, job, ha))
}

async function throughAll(tools: Tools, job: Job, ha: HaWindow): Promise<StepEnd> {
  const { session, clock } = tools
  const { lockstep } = job.step
  const hosts = job.stages.map(({ host }) => host)
  const faults: string[] = []
  let ready: Ready
  try {
    ready = await prepare(tools, job, ha, (found) => faults.push(...found.faults))
  } catch (error) {
    return notStarted(tools, job, error, faults)
  }
  const { seconds, soak, doors } = ready
  const since = new Date(clock.now()).toISOString()
  const until = clock.now() + seconds * 1000
  const undo = async (why: string, all: readonly string[] = []): Promise<StepEnd> => {
    tools.report({ kind: 'failed', ...numbers(job), hosts, why })
    const back = lockstep === undefined ? revertHosts(tools, job, until) : revertInTurn(tools, job, lockstep, until)
    return { kind: 'undone', why, faults: all, since, hosts: await back }
  }
  try {
    return await armed()
  } catch (error) {
    const end = await undo(error instanceof FailureError ? error.failure.what : `quorate failed: ${String(error)}`)
    if (error instanceof FailureError) return end
    throw error
  }

  async function armed(): Promise<StepEnd> {
    await arm(tools, job, seconds)
    tell(tools, job, 'armed', `${seconds} s`)
    const cut = await activate(tools, job, seconds)
    tell(
      tools,
      job,
      'activated',
      cut.length === 0 ? told(job) : `${told(job)}; the connection to ${cut.join(', ')} broke meanwhile`,
    )
    // The old connections may outlive what would refuse a new one.
    for (const host of job.step.affects) session.renew(host, opensOn(job, host))
    const asked = [settle(tools, job, until, soak), shutOut(tools, doors, until)]
    const unwell = (await allOf(asked, (found) => found)).find((found) => found !== null)
    if (unwell !== undefined) return undo(unwell.text, unwell.faults)
    tell(tools, job, 'probed', job.whole.length === 0 ? 'probes ok' : `probes ok, ${namesOf(job.whole)} whole`)
    try {
      if (lockstep !== undefined) await confirmInTurn(tools, turnOf(job, lockstep))
      else for (const each of job.stages) await confirm(tools, each)
    } catch (error) {
      if (!(error instanceof FailureError)) throw error
      return undo(`it could not be confirmed: ${error.failure.what}`)
    }
    tell(tools, job, 'confirmed', '')
    return { kind: 'confirmed' }
  }
}

/** Null where all became well in time, and stayed so for the soak. `until`: when the timers fire. */
async function settle(tools: Tools, job: Job, until: number, soak: number): Promise<Diagnosis | null> {
  const { own, whole: groups } = job
  const written = new Set(job.stages.map(({ host }) => host))
  const said = new Set<string>()
  const watching = watch([...own, ...groups], ({ away }) => {
    for (const host of away.keys()) {
      if (said.has(host) || !written.has(host)) continue
      said.add(host)
      const left = Math.max(0, Math.ceil((until - tools.clock.now()) / 1000))
      const detail = `${host} is away; its own timer takes the step back in ${left} s unless it answers before`
      tools.report({ kind: 'waiting', detail })
    }
  })
  const latest = until - (soak + confirmSeconds) * 1000
  const asked = { groups: watching.views, lost: job.lost, until: latest }
  const unwell = await settledOrNot(tools.session, tools.clock, asked)
  if (unwell === null) return null
  const found = diagnosis(watching.last(own), watching.last(groups), job.lost)
  if (found === null) return { text: unwell, faults: [unwell] }
  return unwell.startsWith(broke) ? { ...found, text: `${broke}${found.text}` } : found
}

/** Null where the deployer comes in by every way that it has to. */
async function shutOut({ session, clock }: Tools, doors: Doors, until: number): Promise<Diagnosis | null> {
  const faults = await shutDoors(session, clock, doors, until)
  return faults.length === 0 ? null : { text: faults.join('; '), faults }
}

/** Where the host lets the deployer in from this step on. */
function opensOn({ step }: Job, host: string): readonly Entry[] {
  return step.ways.flatMap((way) => (way.host === host ? way.opens : []))
}

/** How settledOrNot begins when a group was whole and then not any more. */
const broke = 'did not stay well: '

interface Ready extends Time {
  readonly doors: Doors
}

async function prepare(tools: Tools, job: Job, ha: HaWindow, unwell: (found: Diagnosis) => void): Promise<Ready> {
  const { session } = tools
  await allOf(job.stages, (wanted) => stage(session, wanted))
  tell(tools, job, 'staged', files(job))
  const real = await allOf(job.stages, ({ host, generation }) =>
    validate(session, host, generation, job.checks[host] ?? []),
  )
  const checks = Object.values(job.checks).flat()
  if (checks.length > 0) {
    const onCopy = real.every((result) => result.real) ? '' : ' (on a copy: mounts are denied there)'
    tell(tools, job, 'validated', `${[...new Set(checks.map(({ title }) => title))].join(', ')}${onCopy}`)
  }
  // Before the gate, whose facts have to be fresh: an address that does not answer takes its time.
  const doors = await doorsOf(session, job.step)
  await passGate(tools, job, unwell)
  tell(tools, job, 'gated', job.gate.length === 0 ? 'no group is touched' : `${namesOf(job.gate)} ${how(job)}`)
  const time = await timeFor(tools, job, ha)
  // Until HA was disarmed a minute may have passed.
  if (ha.isOpen()) await passGate(tools, job, unwell)
  ha.refuseLate()
  return { ...time, doors }
}

async function passGate(tools: Tools, job: Job, unwell: (found: Diagnosis) => void): Promise<void> {
  const answers = await allOf(job.gate, async (view) => [view, await healthOf(view, tools.session, job.lost)] as const)
  const found = diagnosis([], answers, job.lost)
  if (found !== null) {
    unwell(found)
    throw stop(`it is not safe to begin: ${found.text}`, 'mend the group first, and run again')
  }
  const below = answers.flatMap(([view, health]) => belowLost(view, health, job) ?? [])
  if (below.length > 0) throw stop(below.join('; '), 'bring what is missing back first, and run again')
}

function namesOf(views: readonly GroupView[]): string {
  return views.map(({ group }) => group.id).join(', ')
}

function how({ step }: Job): string {
  return step.missing.length === 0 ? 'whole' : `whole but for ${step.missing.join(', ')}`
}

/** Where somebody is missing, the planner's numbers are made again on what is there. */
function belowLost(view: GroupView, health: GroupHealth, { lost, step }: Job): string | null {
  const accepted = step.groups.some(({ group, during, needs }) => group === view.group.id && during < needs)
  if (accepted || (lost.size === 0 && step.missing.length === 0)) return null
  return belowMinimum(view, health, step.interrupts)
}

async function arm(tools: Tools, job: Job, seconds: number): Promise<void> {
  const all = async () => {
    await allOf(job.stages, ({ host, generation }) =>
      tools.session.write(host, 'arm', [generation, String(seconds)], [], 30_000),
    )
  }
  return job.step.lockstep === undefined ? all() : armTogether(tools, job.step.lockstep, all)
}

/** Hosts without acts first. Returns the hosts whose connection broke: what they did, the probes will tell. */
async function activate(tools: Tools, job: Job, seconds: number): Promise<readonly string[]> {
  const cut: string[] = []
  if (job.step.lockstep !== undefined) {
    await activateInTurn(tools, turnOf(job, job.step.lockstep), seconds)
    return cut
  }
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

async function notStarted(tools: Tools, job: Job, error: unknown, faults: readonly string[]): Promise<StepEnd> {
  const why = error instanceof FailureError ? error.failure.what : `quorate failed: ${String(error)}`
  tools.report({ kind: 'failed', ...numbers(job), hosts: job.stages.map(({ host }) => host), why })
  // What cannot be discarded now is discarded by the next run: it is only staged.
  await allOf(job.stages, ({ host, generation }) =>
    tools.session.write(host, 'discard', [generation], [], 30_000).catch((failed: unknown) => {
      if (!(failed instanceof FailureError)) throw failed
    }),
  )
  if (!(error instanceof FailureError)) throw error
  return { kind: 'not-started', why, faults, exit: error.exit, next: error.failure.next }
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

function files(job: Job): string {
  const count = job.stages.reduce(
    (sum, { files: staged }) => sum + staged.filter(({ op }) => op !== 'keep' && op !== 'copy').length,
    0,
  )
  return `${count} ${count === 1 ? 'file' : 'files'}`
}

function told(job: Job): string {
  const acts = job.stages
    .flatMap(({ acts: own, inTurn }) => [...(inTurn?.first ?? []), ...own])
    .map((act) => ('run' in act ? act.run.join(' ') : `${act.do} ${act.unit}`))
  return acts.length === 0 ? 'in place' : [...new Set(acts)].join(', ')
}
