/** All samplers of a twin: the hosts from inside, the networks from node to node, and what users ask for from where they stand. */
import type { Group, Offer } from '../../../renderers/renderer.ts'
import { questionsFor, startHostSampler, type HostSampling, type Said } from './host-sampler.ts'
import { pingEvery, startPing, type Pinging } from './ping.ts'
import type { Series } from './series.ts'
import type { Twin } from './twin.ts'
import { startVisitor, type Asked, type Visiting } from './visitor.ts'
import { visitorNamespace } from './wan.ts'
import type { Wiring } from './wiring.ts'

export interface Sampled {
  readonly series: readonly Series[]
  readonly said: readonly Said[]
}

export interface Sampling {
  /** A machine was switched on again: it is asked from now on. */
  resume(host: string): void
  /** Ends them all. */
  stop(): Promise<Sampled>
}

export interface SamplingOptions {
  readonly twin: Twin
  readonly wiring: Wiring
  readonly groups: readonly Group[]
  /** Runs a visitor: see `startVisitor`. */
  readonly visitor: readonly string[]
}

/** A way out of this twin cannot be asked for where nobody stands in the network. */
export function unaskable(groups: readonly Group[], { visitors }: Wiring): readonly Offer[] {
  return groups.flatMap(({ offers = [] }) =>
    offers.filter(({ network }) => !visitors.some((each) => each.network === network)),
  )
}

export function startSampling({ twin, wiring, groups, visitor }: SamplingOptions): Sampling {
  const hosts: HostSampling[] = []
  const questions = questionsFor(groups)
  const resume = (host: string) => {
    for (const own of questions) if (own.host === host) hosts.push(startHostSampler(twin.machine(host), own))
  }
  for (const { host } of questions) if (twin.machine(host).on) resume(host)

  const feet = wiring.feet.map(({ id, address, from }) => ({
    id,
    pings: (from.length === 0 ? [null] : from).map((namespace) => startPing(namespace, address)),
  }))
  const offers = groups.flatMap(({ offers: own = [] }) => own)
  const pinged: { readonly id: string; readonly ping: Pinging }[] = []
  const visits: Visiting[] = []
  for (const { network } of wiring.visitors) {
    const here = offers.filter((offer) => offer.network === network)
    const namespace = visitorNamespace(network)
    for (const offer of here) {
      if (offer.kind === 'address') pinged.push({ id: offer.title, ping: startPing(namespace, offer.address) })
      if (offer.kind === 'way-out') pinged.push({ id: offer.title, ping: startPing(namespace, wiring.beyond) })
    }
    const asked = here.filter((offer): offer is Asked => offer.kind !== 'address' && offer.kind !== 'way-out')
    if (asked.length > 0) visits.push(startVisitor(visitor, namespace, asked))
  }

  return {
    resume,
    async stop() {
      const [answers, footSeries, pingSeries, visited] = await Promise.all([
        Promise.all(hosts.map((each) => each.stop())),
        Promise.all(
          feet.map(async ({ id, pings }): Promise<Series> => ({
            id,
            kind: 'foot',
            every: pingEvery,
            samples: merged((await Promise.all(pings.map((ping) => ping.stop()))).map((samples) => ({ samples }))),
          })),
        ),
        Promise.all(
          pinged.map(async ({ id, ping }): Promise<Series> => ({
            id,
            kind: 'offer',
            every: pingEvery,
            samples: await ping.stop(),
          })),
        ),
        Promise.all(visits.map((each) => each.stop())),
      ])
      return {
        series: [...joined(answers.flatMap(({ series }) => series)), ...footSeries, ...pingSeries, ...visited.flat()],
        said: joinedSaid(answers.flatMap(({ said }) => said)),
      }
    },
  }
}

/** A foot is there while any neighbour hears it: a neighbour that is away itself says nothing about it. */
function merged(all: readonly Pick<Series, 'samples'>[]): Series['samples'] {
  const samples = all.flatMap(({ samples: own }) => own).toSorted((a, b) => a.at - b.at)
  const good = samples.filter(({ well }) => well)
  // A lost packet counts only where nobody else's came through at about the same time.
  let next = 0
  return samples.filter(({ at, well }) => {
    while (next < good.length && (good[next]?.at ?? 0) < at - pingEvery) next += 1
    const near = good[next]
    return well || near === undefined || near.at > at + pingEvery
  })
}

/** What a machine said before and after it was switched off belongs together. */
function joined(series: readonly Series[]): readonly Series[] {
  const ids = [...new Set(series.map(({ id }) => id))]
  return ids.flatMap((id) => {
    const own = series.filter((each) => each.id === id)
    const first = own[0]
    return first === undefined ? [] : [{ ...first, samples: own.flatMap(({ samples }) => samples) }]
  })
}

function joinedSaid(said: readonly Said[]): readonly Said[] {
  const keys = [...new Set(said.map(({ group, title, host }) => JSON.stringify([group, title, host])))]
  return keys.flatMap((key) => {
    const own = said.filter(({ group, title, host }) => JSON.stringify([group, title, host]) === key)
    const first = own[0]
    return first === undefined ? [] : [{ ...first, words: own.flatMap(({ words }) => words) }]
  })
}
