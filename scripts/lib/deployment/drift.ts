/** What the hosts hold, against what was last deployed to them. Asks for no secret: the hosts compare by themselves. */
import type { Rendering } from '../bundle/rendering.ts'
import { driftOf, type Drift } from './assess.ts'
import type { Facts } from './inspect.ts'
import { pending } from './recover.ts'
import type { Connect } from './remote.ts'
import { openSession } from './session.ts'
import { hostsToAsk, survey, type Survey } from './survey.ts'
import { wallClock } from './wall-clock.ts'

export interface HostState {
  readonly reachable: boolean
  /** Why it was not reached; null where it was. */
  readonly why: string | null
  /** The commit that was deployed last; null where there is none or the host is between two. */
  readonly commit: string | null
  /** ISO 8601; null where nothing was ever deployed. */
  readonly deployedAt: string | null
  /** Files that somebody edited, removed or gave another mode since. */
  readonly drift: readonly Pick<Drift, 'path' | 'kind'>[]
  /** What a killed run left. */
  readonly pending: readonly string[]
  readonly lease: Facts['lease']
  readonly ha: Facts['ha'] | null
  /** Generations kept on the host, the newest last. */
  readonly generations: readonly string[]
}

export interface LabState {
  readonly format: 1
  readonly lab: string
  readonly hosts: Readonly<Record<string, HostState>>
}

/** Inspects the hosts, changing nothing. `only`: these; empty: all that hold files, and the nodes. */
export async function stateOfLab(rendering: Rendering, only: readonly string[], connect: Connect): Promise<LabState> {
  const ways = Object.fromEntries(Object.values(rendering.hosts).map(({ host, way }) => [host, way]))
  const session = openSession(connect, ways, '-', wallClock)
  try {
    const hosts = only.length > 0 ? only.toSorted() : hostsToAsk(rendering)
    const empty = { ...rendering, hosts: {} }
    const seen = await survey(session, empty, hosts)
    return {
      format: 1,
      lab: rendering.lab,
      hosts: Object.fromEntries(hosts.map((host) => [host, stateOf(host, seen)])),
    }
  } finally {
    session.close()
  }
}

function stateOf(host: string, { facts, away }: Survey): HostState {
  const fact = facts.get(host)
  if (fact === undefined) {
    const unknown = { commit: null, deployedAt: null, drift: [], pending: [], lease: null, ha: null, generations: [] }
    return { reachable: false, why: away.get(host) ?? 'no answer', ...unknown }
  }
  return {
    reachable: true,
    why: null,
    commit: fact.deployed?.commit ?? null,
    deployedAt: fact.deployed?.at ?? null,
    drift: driftOf(facts)
      .filter((each) => each.host === host)
      .map(({ path, kind }) => ({ path, kind })),
    pending: pending([fact]),
    lease: fact.lease,
    ha: fact.ha,
    generations: fact.generations.map(({ name }) => name),
  }
}
