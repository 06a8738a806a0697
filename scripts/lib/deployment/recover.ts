/** Finishes or takes back what a killed run left on the hosts. Needs the lease and the fence. */
import { FailureError } from '../failure.ts'
import { armLeft } from './arm-again.ts'
import type { Clock } from './clock.ts'
import type { Report } from './event.ts'
import { text } from './host-side.ts'
import type { Facts, Generation, GenerationState } from './inspect.ts'
import type { Session } from './session.ts'

const verbs = { open: 'discard', staged: 'discard', armed: 'revert', reverting: 'revert', confirmed: 'settle' } as const
type Verb = (typeof verbs)[keyof typeof verbs] | 'confirm'

/** Whether anything was pending. Throws a FailureError where it cannot be brought to an end. */
export async function recover(
  session: Session,
  clock: Clock,
  facts: readonly Facts[],
  report: Report,
): Promise<boolean> {
  const wasDisarmed = await armLeft(session, clock, facts, report)
  const all = facts.flatMap(({ host, generations }) => generations.map((generation) => ({ host, generation })))
  const open = all.filter(({ generation: { state } }) => state !== 'done' && state !== 'reverted')
  for (const { host, generation } of open) {
    const { state } = generation
    if (state === 'done' || state === 'reverted' || state === 'prepared') continue
    await finish(session, host, generation, verbs[state], report)
  }
  // They wait for what another host ended as, and that one has come to its end by now.
  for (const { host, generation } of open.filter(({ generation: { state } }) => state === 'prepared')) {
    const others = all.filter((each) => each.generation.name === generation.name).map((each) => each.generation.state)
    await finish(session, host, generation, decision(host, generation, others), report)
  }
  return wasDisarmed || open.length > 0
}

/** Nobody is confirmed before all others are prepared: so anybody who is not prepared tells how it ended. */
function decision(host: string, { name }: Generation, states: readonly GenerationState[]): Verb {
  if (states.some((state) => state === 'confirmed' || state === 'done')) return 'confirm'
  if (states.some((state) => state !== 'prepared')) return 'revert'
  throw new FailureError(
    {
      what: `${host} waits for the end of a step that a killed run left, and the host that decides it is not there`,
      where: host,
      now: `generation ${name} is prepared there, and its units are stopped`,
      next: 'bring the host back that is missing, and run again',
    },
    4,
  )
}

/** What a killed run left, in words; for a run that only looks. */
export function pending(facts: readonly Facts[]): readonly string[] {
  return facts.flatMap(({ host, generations, rearm }) => [
    ...(rearm === undefined ? [] : [`${host}: HA is disarmed, and armed again from there in ${rearm.leftSeconds} s`]),
    ...generations
      .filter(({ state }) => state !== 'done' && state !== 'reverted')
      .map(({ name, state }) => `${host}: generation ${name} is ${state}`),
  ])
}

async function finish(
  session: Session,
  host: string,
  { name, state }: Generation,
  verb: Verb,
  report: Report,
): Promise<void> {
  const { records } = await session.write(host, verb, [name], [], 120_000)
  const stuck = records.find(([kind]) => kind === 'stuck')
  if (stuck !== undefined) {
    throw new FailureError(
      {
        what: `${host} cannot take back what a killed run left:${text(stuck[1])}`,
        where: host,
        now: `generation ${name} is reverting there, and tries again every 10 s`,
        next: `see on ${host} why (no quorum makes /etc/pve read-only, and "journalctl -u" tells of units), then run again`,
      },
      4,
    )
  }
  const did = { discard: 'discarded', revert: 'taken back', settle: 'finished', confirm: 'finished' }[verb]
  report({ kind: 'recovered', host, detail: `generation ${name} of an earlier run was ${state}: ${did}` })
}
