/** Begins a run: every host inspected, the lease taken, the fence raised, and what a killed run left brought to an end. */
import { FailureError } from '../failure.ts'
import { driftOf } from './assess.ts'
import type { Facts } from './inspect.ts'
import { dropLease, raiseFence, renewLease, takeLease, type Holder } from './lease.ts'
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
  const { owner, run, token, leaseSeconds: seconds = 300 } = request
  const holder: Holder = { owner, run, token, seconds }
  const nodes = Object.values(request.target.hosts)
    .filter(({ kind }) => kind === 'node')
    .map(({ host }) => host)
  const { held, fence } = await lease(session, request, nodes.length > 0 ? nodes : hosts, holder)
  const release = () => dropLease(session, held, holder)
  try {
    session.setFence(fence)
    await Promise.all(hosts.map((host) => raiseFence(session, host, fence, holder)))
    request.report({ kind: 'lease', hosts: held, fence, seconds })
    const left = await recover(session, [...first.values()], request.report)
    // Between the first look and the lease somebody else may have been at work.
    const facts = left || mayHaveChanged(first, fence) ? await look(session, request, progress, hosts) : first
    let kept = request.clock.now()
    const keepLease = async () => {
      // Long before it runs out, and not before every step.
      if (request.clock.now() < kept + (seconds * 1000) / 3) return
      await keep(session, held, nodes.length, holder)
      kept = request.clock.now()
    }
    return { facts, keepLease, release }
  } catch (error) {
    await release()
    throw error
  }
}

async function look(session: Session, request: DeployRequest, progress: Progress, hosts: readonly string[]) {
  const seen = await survey(session, request.target, hosts)
  progress.facts = seen.facts
  request.report({
    kind: 'inspected',
    hosts: [...seen.facts.keys()],
    away: [...seen.away.keys()],
    drifted: driftOf(seen.facts).length,
  })
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

/** Any run raises the fence by one, so a higher one than the first look promised means that there was one in between. */
function mayHaveChanged(first: ReadonlyMap<string, Facts>, fence: number): boolean {
  return fence !== Math.max(0, ...[...first.values()].map((facts) => facts.fence)) + 1
}

async function keep(session: Session, held: readonly string[], nodes: number, holder: Holder): Promise<void> {
  const still = await renewLease(session, held, holder)
  if (still >= Math.floor(nodes / 2) + 1 || nodes === 0) return
  throw new FailureError(
    {
      what: `the lease could be renewed on ${still} of ${nodes} nodes only`,
      where: 'lease',
      now: 'no further step was begun',
      next: 'bring the nodes back, and run again',
    },
    4,
  )
}
