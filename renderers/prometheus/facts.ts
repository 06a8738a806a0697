/** What a host finds out about itself and node exporter does not know: one line each in the file that facts.sh reads. */
import type { Host, Lab } from '../renderer.ts'
import { hostsOf } from '../renderer.ts'
import { addressIn, type PrometheusService } from './service.ts'

export type Fact =
  /** Whether it is in a quorum. */
  | { readonly kind: 'quorum' }
  /** Whether it has a virtual address. */
  | { readonly kind: 'address'; readonly network: string; readonly address: string }
  /** Whether another host answers through a network that is carried over others. */
  | { readonly kind: 'peer'; readonly network: string; readonly host: string; readonly address: string }

/** The facts of one host, in the order of their lines. */
export function factsOf(lab: Lab, service: PrometheusService, host: Host): readonly Fact[] {
  const quorum: readonly Fact[] = hostsOf(lab, service.quorum ?? []).includes(host) ? [{ kind: 'quorum' }] : []
  if (host.kind !== 'node') return quorum
  const networks = Object.values(lab.networks).filter(({ name }) => host.addresses[name] !== undefined)
  const addresses = networks.flatMap(({ name, router }) =>
    router.map((address): Fact => ({ kind: 'address', network: name, address })),
  )
  const peers = networks
    .filter(({ carrier }) => carrier !== 'physical')
    .flatMap(({ name }) =>
      nodesIn(lab, name).flatMap((other): readonly Fact[] => {
        const address = reachedAt(host, other, name)
        if (other.name === host.name || address === null) return []
        return [{ kind: 'peer', network: name, host: other.name, address }]
      }),
    )
  return [...quorum, ...addresses, ...peers]
}

/** An address in a family that both have. */
function reachedAt(host: Host, other: Host, network: string): string | null {
  for (const family of [4, 6] as const) {
    if (addressIn(host, network, family) !== null && addressIn(other, network, family) !== null) {
      return addressIn(other, network, family)
    }
  }
  return null
}

/** The nodes with a foot in a network; guests hang on its bridge instead. */
export function nodesIn(lab: Lab, network: string): readonly Host[] {
  return Object.values(lab.hosts).filter(({ kind, addresses }) => kind === 'node' && addresses[network] !== undefined)
}

/** The words of a line. */
export function factLine(fact: Fact): readonly string[] {
  switch (fact.kind) {
    case 'quorum':
      return ['quorum']
    case 'address':
      return ['address', fact.network, fact.address]
    case 'peer':
      return ['peer', fact.network, fact.host, fact.address]
  }
}
