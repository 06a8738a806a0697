/** Finishes or takes back what a killed run left on the hosts. Needs the lease and the fence. */
import { FailureError } from '../failure.ts'
import type { Report } from './event.ts'
import { text } from './host-side.ts'
import type { Facts, Generation } from './inspect.ts'
import type { Session } from './session.ts'

const verbs = { open: 'discard', staged: 'discard', armed: 'revert', reverting: 'revert', confirmed: 'settle' } as const

/** Whether anything was pending. Throws a FailureError where it cannot be brought to an end. */
export async function recover(session: Session, facts: readonly Facts[], report: Report): Promise<boolean> {
  let any = false
  for (const { host, generations } of facts) {
    for (const generation of generations) {
      if (generation.state === 'done' || generation.state === 'reverted') continue
      any = true
      await finish(session, host, generation, verbs[generation.state], report)
    }
  }
  return any
}

/** What a killed run left, in words; for a run that only looks. */
export function pending(facts: readonly Facts[]): readonly string[] {
  return facts.flatMap(({ host, generations }) =>
    generations
      .filter(({ state }) => state !== 'done' && state !== 'reverted')
      .map(({ name, state }) => `${host}: generation ${name} is ${state}`),
  )
}

async function finish(
  session: Session,
  host: string,
  { name, state }: Generation,
  verb: 'discard' | 'revert' | 'settle',
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
  const did = { discard: 'discarded', revert: 'taken back', settle: 'finished' }[verb]
  report({ kind: 'recovered', host, detail: `generation ${name} of an earlier run was ${state}: ${did}` })
}
