/** Takes a step back whose hosts change in turn: the others are stopped, the chief goes back, then the others do and start. */
import { FailureError } from '../failure.ts'
import type { Lockstep } from '../rollout/rollout.ts'
import { allOf } from './all-of.ts'
import { turnOf } from './lockstep.ts'
import { revertHosts, stateOf, type Reverted } from './revert.ts'
import { HostRefusal } from './session.ts'
import type { Stage } from './stage.ts'
import type { Job, Tools } from './step.ts'

/**
 * By host. Where somebody does not answer, nobody is touched: all timers fire at the same moment, `until`. Where the chief turns out to be confirmed, the
 * others are confirmed too.
 */
export async function revertInTurn(
  tools: Tools,
  job: Job,
  lockstep: Lockstep,
  until: number,
): Promise<Readonly<Record<string, Reverted>>> {
  const { chief, others } = turnOf(job, lockstep)
  const state = await stateOf(tools, chief.host, chief.generation)
  const isKept = state === 'confirmed' || state === 'done'
  const areHeld = isKept || (state !== null && (await allOf(others, (stage) => hold(tools, stage))).every(Boolean))
  if (!areHeld) await allTimers(tools, until + lockstep.apartSeconds * 1000)
  const first = await revertHosts(tools, { ...job, stages: [chief] }, until)
  const end = first[chief.host]?.state
  if (end === 'reverted') return { ...first, ...(await revertHosts(tools, { ...job, stages: others }, until)) }
  const known = end === 'confirmed' ? confirm : look
  const rest = await allOf(others, async (stage) => [stage.host, await known(tools, stage, chief.host)] as const)
  return { ...first, ...Object.fromEntries(rest) }
}

/** Whether its units are stopped, or it has taken the step back already. */
async function hold({ session }: Tools, { host, generation }: Stage): Promise<boolean> {
  try {
    await session.write(host, 'hold', [generation], [], 60_000)
    return true
  } catch (error) {
    if (error instanceof HostRefusal) return true
    if (error instanceof FailureError) return false
    throw error
  }
}

async function allTimers({ clock, report }: Tools, at: number): Promise<void> {
  const wait = Math.max(0, at - clock.now())
  const seconds = Math.ceil(wait / 1000)
  const detail = `not all hosts answer, and none may go back alone; their own timers take the step back together within ${seconds} s`
  report({ kind: 'waiting', detail })
  await clock.sleep(wait)
}

async function confirm({ session }: Tools, stage: Stage, chief: string): Promise<Reverted> {
  const { host, generation } = stage
  try {
    await session.write(host, 'confirm', [generation], [], 30_000)
    return { state: 'confirmed', detail: `confirmed, as ${chief} is` }
  } catch (error) {
    if (!(error instanceof FailureError)) throw error
    return waits(stage, chief)
  }
}

async function look(tools: Tools, stage: Stage, chief: string): Promise<Reverted> {
  const state = await stateOf(tools, stage.host, stage.generation)
  return state === 'reverted' ? { state, detail: 'reverted by its own timer' } : waits(stage, chief)
}

/** Whose units were told nothing before the chief changed goes on with them, beside its new files. */
function waits({ host, inTurn }: Stage, chief: string): Reverted {
  const isStopped = (inTurn?.first.length ?? 0) > 0
  const state = isStopped ? `the units of ${host} are stopped` : `${host} keeps its new files`
  return { state: 'unknown', detail: `${state} until it is known what ${chief} holds: the next run finds out` }
}
