/** Takes a step back on its own hosts: by the deployer, or by their timers where they cannot be reached. */
import { FailureError } from '../failure.ts'
import { text } from './host-side.ts'
import { inspect, type GenerationState } from './inspect.ts'
import { HostRefusal } from './session.ts'
import type { Job, Tools } from './step.ts'

export interface Reverted {
  readonly state: 'reverted' | 'confirmed' | 'unknown'
  /** What is known, in a sentence. */
  readonly detail: string
}

const nothing = { paths: [], needs: [], serials: [] }
const tries = 3

/** By host. `until`: when the timers fire, by the clock; a host that cannot be reached is looked at again after that. */
export async function revertHosts(tools: Tools, job: Job, until: number): Promise<Readonly<Record<string, Reverted>>> {
  const ends = await Promise.all(
    job.stages.map(async ({ host, generation }) => {
      const end = await revertHost(tools, host, generation, until)
      tools.report({ kind: 'reverted', step: job.step.id, steps: job.steps, host, detail: end.detail })
      return [host, end] as const
    }),
  )
  return Object.fromEntries(ends)
}

async function revertHost(tools: Tools, host: string, generation: string, until: number): Promise<Reverted> {
  const { clock, report, session } = tools
  const asked = await ask(tools, host, generation)
  if (asked !== null) return asked
  const wait = Math.max(0, until - clock.now()) + 15_000
  report({
    kind: 'waiting',
    detail: `${host} does not answer; its own timer takes the step back within ${Math.ceil(wait / 1000)} s`,
  })
  await clock.sleep(wait)
  for (let attempt = 0; attempt < tries; attempt += 1) {
    session.renew(host)
    const state = await stateOf(tools, host, generation)
    if (state === 'reverted') return { state: 'reverted', detail: 'reverted by its own timer' }
    if (state !== null) return (await ask(tools, host, generation)) ?? unknown(host, state)
    await clock.sleep(5000)
  }
  return unknown(host, null)
}

/** Null where the host does not answer. */
async function ask(tools: Tools, host: string, generation: string): Promise<Reverted | null> {
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      const { records } = await tools.session.write(host, 'revert', [generation], [], 120_000)
      const stuck = records.find(([kind]) => kind === 'stuck')
      if (stuck !== undefined) {
        return {
          state: 'unknown',
          detail: `cannot be taken back yet:${text(stuck[1])}; ${host} tries again every 10 s`,
        }
      }
      const trouble = records.filter(([kind]) => kind === 'trouble').map(([, what]) => text(what))
      const already = records.some(([kind, how]) => kind === 'reverted' && how === 'already')
      const by = already ? 'reverted by its own timer' : 'reverted by the deployer'
      return { state: 'reverted', detail: trouble.length === 0 ? by : `${by}, but ${trouble.join('; ')}` }
    } catch (error) {
      if (error instanceof HostRefusal) return byState(tools, host, generation, error)
      if (!(error instanceof FailureError)) throw error
      tools.session.renew(host)
    }
  }
  return null
}

/** The host says that there is nothing to take back: what it is in decides. */
async function byState(tools: Tools, host: string, generation: string, refused: FailureError): Promise<Reverted> {
  const state = await stateOf(tools, host, generation)
  if (state === 'staged' || state === 'open') return { state: 'reverted', detail: 'nothing was put in place' }
  if (state === 'confirmed' || state === 'done')
    return { state: 'confirmed', detail: 'confirmed before it could be taken back' }
  if (state === 'reverted') return { state: 'reverted', detail: 'reverted by its own timer' }
  return { state: 'unknown', detail: refused.failure.what }
}

async function stateOf({ session }: Tools, host: string, generation: string): Promise<GenerationState | null> {
  try {
    const facts = await inspect(host, session, nothing)
    return facts.generations.find(({ name }) => name === generation)?.state ?? 'open'
  } catch (error) {
    if (error instanceof FailureError) return null
    throw error
  }
}

function unknown(host: string, state: GenerationState | null): Reverted {
  const detail =
    state === null ? 'does not answer; its own timer must have taken the step back' : `the step is ${state} there`
  return { state: 'unknown', detail: `${host} ${detail}` }
}
