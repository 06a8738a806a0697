/** Begins a run: every host inspected, the lease taken, the fence raised, and what a killed run left brought to an end. */
import { driftOf } from './assess.ts'
import type { Facts } from './inspect.ts'
import { keepLease } from './keep-lease.ts'
import { raiseFence, takeLease, type Holder } from './lease.ts'
import type { Progress } from './progress.ts'
import { pending, recover } from './recover.ts'
import type { DeployRequest } from './request.ts'
import type { Session } from './session.ts'
import { hostsToAsk, refuseUnfit, survey } from './survey.ts'

export interface Begun {
  readonly facts: ReadonlyMap<string, Facts>
  /** Makes the lease last again; throws exit 5 where another run has it. */
  keepLease(): Promise<void>
  release(): Promise<void>
}

const nothingHeld = { keepLease: () => Promise.resolve(), release: () => Promise.resolve() }

/** Throws a FailureError where the run may not begin; what it took until then it has given back. */
export async function start(session: Session, request: DeployRequest, progress: Progress): Promise<Begun> {
  const hosts = hostsToAsk(request.target).filter((host) => !request.without.includes(host))
  const first = await look(session, request, progress, hosts)
  if (!request.apply) {
    const left = pending([...first.values()])
    if (left.length > 0)
      request.report({
        kind: 'waiting',
        detail: `an earlier run left ${left.join('; ')}: --apply finishes or reverts that first`,
      })
    return { facts: first, ...nothingHeld }
  }
  const { owner, run, token, leaseSeconds: seconds = 60 } = request
  const holder: Holder = { owner, run, token, seconds }
  const nodes = Object.values(request.target.hosts)
    .filter(({ kind }) => kind === 'node')
    .map(({ host }) => host)
  const { held, fence } = await lease(session, request, nodes.length > 0 ? nodes : hosts, holder)
  const kept = keepLease(session, request.clock, held, nodes.length, holder)
  try {
    session.setFence(fence)
    await Promise.all(hosts.map((host) => raiseFence(session, host, fence, holder)))
    request.report({ kind: 'lease', hosts: held, fence, seconds })
    // Until the fence was raised somebody else may have been at work: whatever was seen before that is not to be built on.
    const fresh = await look(session, request, progress, hosts, 'again')
    const left = await recover(session, request.clock, [...fresh.values()], request.report)
    const facts = left ? await look(session, request, progress, hosts) : fresh
    return { facts, keepLease: () => kept.keep(), release: () => kept.release() }
  } catch (error) {
    await kept.release()
    throw error
  }
}

/** `again`: a look that is told of only where it finds something else than the one before. */
async function look(
  session: Session,
  request: DeployRequest,
  progress: Progress,
  hosts: readonly string[],
  again: 'again' | null = null,
) {
  const seen = await survey(session, request.target, hosts)
  const drifted = driftOf(seen.facts).length
  const isNews = seen.away.size > 0 || drifted !== driftOf(progress.facts).length
  progress.facts = seen.facts
  if (again === null || isNews)
    request.report({ kind: 'inspected', hosts: [...seen.facts.keys()], away: [...seen.away.keys()], drifted })
  refuseUnfit(seen, request.target, request.without)
  return seen.facts
}

async function lease(session: Session, request: DeployRequest, nodes: readonly string[], holder: Holder) {
  for (;;) {
    const answer = await takeLease(session, nodes, holder)
    if (answer.kind === 'held') return { held: answer.hosts, fence: answer.fence }
    const { host, seconds } = answer
    request.report({ kind: 'waiting', detail: `a killed run's timer on ${host} fires within ${seconds} s` })
    await request.clock.sleep((seconds + 3) * 1000)
  }
}
