/** Takes a step back on its own hosts: by the deployer, or by their timers where they cannot be reached. */
import { FailureError } from '../failure.ts'
import { allOf } from './all-of.ts'
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
/** How long a timer's work may take before its host counts as unknown; the units that it tells again are part of it. Seconds. */
const graceSeconds = 30
const againMs = 3000

/** By host. `until`: when the timers fire, by the clock; a host that cannot be reached is looked at again after that. */
export async function revertHosts(tools: Tools, job: Job, until: number): Promise<Readonly<Record<string, Reverted>>> {
  const ends = await allOf(job.stages, async ({ host, generation }) => {
    const end = await revertHost(tools, host, generation, until)
    tools.report({ kind: 'reverted', step: job.step.id, steps: job.steps, host, detail: end.detail })
    return [host, end] as const
  })
  return Object.fromEntries(ends.map(([host, end]) => [host, letGo(job, ends, host, end)]))
}

/** A host that was armed for its copy only, and confirmed already: it gets what the host that wrote has put back for all. */
function letGo(job: Job, ends: readonly (readonly [string, Reverted])[], host: string, end: Reverted): Reverted {
  const writes = (name: string) => job.stages.some((each) => each.host === name && each.record !== null)
  const back = ends.every(([name, { state }]) => !writes(name) || state === 'reverted')
  if (end.state !== 'confirmed' || writes(host) || !back) return end
  return { state: 'reverted', detail: 'it has what was put back on pmxcfs' }
}

async function revertHost(tools: Tools, host: string, generation: string, until: number): Promise<Reverted> {
  const { clock, report, session } = tools
  const asked = await ask(tools, host, generation)
  if (asked !== null) return asked.state === 'stuck' ? ownTries(tools, host, generation, asked.detail) : asked
  const wait = Math.max(0, until - clock.now())
  const latest = clock.now() + wait + graceSeconds * 1000
  const seconds = Math.ceil(wait / 1000)
  report({
    kind: 'waiting',
    detail: `${host} does not answer; its own timer takes the step back within ${seconds} s, and it is asked again then, for ${graceSeconds} s`,
  })
  await clock.sleep(wait)
  let state: GenerationState | null = null
  while (clock.now() < latest) {
    await clock.sleep(againMs)
    session.renew(host)
    state = await stateOf(tools, host, generation)
    if (state === 'reverted') return { state: 'reverted', detail: 'reverted by its own timer' }
    if (state !== null && state !== 'reverting') {
      const again = await ask(tools, host, generation)
      return again === null || again.state === 'stuck' ? unknown(host, state) : again
    }
  }
  return unknown(host, state)
}

/** The host goes on by itself. What stood in its way, another ifreload or a lost quorum, may be over soon. */
async function ownTries(tools: Tools, host: string, generation: string, stuck: string): Promise<Reverted> {
  const { clock, report } = tools
  const latest = clock.now() + graceSeconds * 1000
  report({ kind: 'waiting', detail: `${host} cannot take the step back yet:${stuck}; it tries again every 10 s` })
  while (clock.now() < latest) {
    await clock.sleep(againMs)
    const state = await stateOf(tools, host, generation)
    if (state === 'reverted') return { state: 'reverted', detail: 'reverted by its own timer, not at the first try' }
  }
  return { state: 'unknown', detail: `cannot be taken back yet:${stuck}; ${host} tries again every 10 s` }
}

/** Its detail: what the host could not do. */
interface Stuck {
  readonly state: 'stuck'
  readonly detail: string
}

/** Null where the host does not answer. */
async function ask(tools: Tools, host: string, generation: string): Promise<Reverted | Stuck | null> {
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      const { records } = await tools.session.write(host, 'revert', [generation], [], 120_000)
      const stuck = records.find(([kind]) => kind === 'stuck')
      if (stuck !== undefined) return { state: 'stuck', detail: text(stuck[1]) }
      const how = records.find(([kind]) => kind === 'reverted')?.[1]
      return {
        state: 'reverted',
        detail: how === 'deployer' ? 'reverted by the deployer' : 'reverted by its own timer',
      }
    } catch (error) {
      if (error instanceof HostRefusal) return byState(tools, host, generation, error)
      if (!(error instanceof FailureError)) throw error
      tools.session.renew(host)
    }
  }
  return null
}

/** The host does not take it back because of this call: what it is in decides. */
async function byState(
  tools: Tools,
  host: string,
  generation: string,
  refused: FailureError,
): Promise<Reverted | Stuck> {
  const state = await stateOf(tools, host, generation)
  if (state === 'staged' || state === 'open') return { state: 'reverted', detail: 'nothing was put in place' }
  if (state === 'confirmed' || state === 'done')
    return { state: 'confirmed', detail: 'confirmed before it could be taken back' }
  if (state === 'reverted') return { state: 'reverted', detail: 'reverted by its own timer' }
  if (state === 'reverting') return { state: 'stuck', detail: ` ${refused.failure.what}` }
  return { state: 'unknown', detail: refused.failure.what }
}

/** What the generation is in; null where the host does not answer. */
export async function stateOf({ session }: Tools, host: string, generation: string): Promise<GenerationState | null> {
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
