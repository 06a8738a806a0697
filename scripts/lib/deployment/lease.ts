/** One deployer at a time: a lease on a majority of the nodes, and a fencing number on every host. */
import { FailureError } from '../failure.ts'
import { text, type HostAnswer } from './host-side.ts'
import { refusal, type Session } from './session.ts'

export interface Holder {
  /** Who, in a few words; shown to whoever comes second. */
  readonly owner: string
  /** Where to look: the workflow run's address, or "by hand". */
  readonly run: string
  /** Random, new for every run. [a-z0-9]. */
  readonly token: string
  readonly seconds: number
}

export type LeaseAnswer =
  | { readonly kind: 'held'; readonly hosts: readonly string[]; readonly fence: number }
  /** A killed run's timer can still fire on this host. */
  | { readonly kind: 'wait'; readonly host: string; readonly seconds: number }

/**
 * Takes the lease on the nodes, in sorted order so that two deployers cannot each take half.
 * `fence` is one above every number that any of them has seen. Throws exit 5 where somebody else holds it, 4 where too few nodes answer.
 */
export async function takeLease(session: Session, nodes: readonly string[], holder: Holder): Promise<LeaseAnswer> {
  const sorted = nodes.toSorted()
  const needed = Math.floor(sorted.length / 2) + 1
  const held: string[] = []
  const away: string[] = []
  let fence = 0
  for (const node of sorted) {
    const answer = await session.ask(node, 'lease', ['take'], [line(holder)], 15_000).catch((error: unknown) => {
      if (!(error instanceof FailureError)) throw error
      away.push(`${node}: ${error.failure.what}`)
      return null
    })
    if (answer === null) continue
    if (answer.refused !== null) {
      await dropLease(session, held, holder)
      const pending = answer.records.find(([kind]) => kind === 'pending')
      if (pending !== undefined) return { kind: 'wait', host: node, seconds: Number(pending[1]) }
      throw heldBy(node, answer) ?? refusal(node, 'give the lease', answer.refused)
    }
    held.push(node)
    fence = Math.max(fence, Number(answer.records.find(([kind]) => kind === 'fence')?.[1] ?? 0))
  }
  if (held.length >= needed) return { kind: 'held', hosts: held, fence: fence + 1 }
  await dropLease(session, held, holder)
  throw new FailureError(
    {
      what: `the lease is held on ${held.length} of ${sorted.length} nodes, and ${needed} are needed (${away.join('; ')})`,
      where: 'lease',
      now: 'nothing was changed on any host',
      next: 'bring the nodes back first: without a majority two deployers could be at work at once',
    },
    4,
  )
}

/**
 * Raises the fencing number on a host: whatever an earlier run still sends is refused there from now on. Throws exit 5 where somebody else
 * holds the host's lease.
 */
export async function raiseFence(session: Session, host: string, fence: number, holder: Holder): Promise<void> {
  const answer = await session.ask(host, 'fence', [], [['raise', String(fence), holder.token]], 15_000)
  if (answer.refused !== null) throw heldBy(host, answer) ?? refusal(host, 'raise the fence', answer.refused)
}

/** Makes the lease last again. Throws exit 5 where another run has it now; a node that does not answer is not asked twice. */
export async function renewLease(session: Session, hosts: readonly string[], holder: Holder): Promise<number> {
  const renewed = await Promise.all(
    hosts.map(async (host) => {
      const answer = await session.ask(host, 'lease', ['renew'], [line(holder)], 15_000).catch((error: unknown) => {
        if (!(error instanceof FailureError)) throw error
        return null
      })
      if (answer !== null && answer.refused !== null) throw refusal(host, 'renew the lease', answer.refused)
      return answer !== null
    }),
  )
  return renewed.filter((answered) => answered).length
}

/** Gives the lease back. What cannot be given back runs out by itself. */
export async function dropLease(session: Session, hosts: readonly string[], holder: Holder): Promise<void> {
  await Promise.all(
    hosts.map((host) =>
      session.ask(host, 'lease', ['drop'], [line(holder)], 15_000).catch((error: unknown) => {
        if (!(error instanceof FailureError)) throw error
      }),
    ),
  )
}

function line({ seconds, token, owner, run }: Holder): readonly string[] {
  const encode = (value: string) => Buffer.from(value === '' ? '-' : value).toString('base64')
  return ['lease', String(seconds), token, encode(owner), encode(run)]
}

/** Null where the host did not say that somebody holds the lease. */
function heldBy(node: string, { records }: HostAnswer): FailureError | null {
  const other = records.find(([kind]) => kind === 'held')
  if (other === undefined) return null
  const seconds = Number(other[1])
  return new FailureError(
    {
      what: `${text(other[2])} is deploying, and holds the lease on ${node} (${text(other[3])}); it runs out in ${seconds} s unless that run renews it`,
      where: node,
      now: 'nothing was changed on any host',
      next: `wait for that run to end; if it was killed, run again in ${seconds} s: what it left is finished or taken back first`,
    },
    5,
  )
}
