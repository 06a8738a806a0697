/** What the alerts are about: the same on every server. */
import { hostsOf, type Lab } from '../renderer.ts'
import { factsOf, nodesIn } from './facts.ts'
import { standing, type PrometheusService } from './service.ts'

export type Watched = {
  /** Percent. */
  readonly diskFree: number
  /** Hosts that say whether they are in a quorum, sorted. */
  readonly quorum: readonly string[]
  /** Networks with virtual addresses of which nodes say whether they have them, sorted; `all`: every node of the network does. */
  readonly owners: readonly { readonly network: string; readonly all: boolean }[]
  /** Networks whose pairs are watched, sorted. */
  readonly pairs: readonly string[]
}

/** What hosts that are watched say. Where one of a network's nodes is not watched nobody knows that an address is gone. */
export function watchedOf(lab: Lab, service: PrometheusService): Watched {
  const exporters = standing(lab, service, service.exporters)
  const facts = exporters.flatMap((host) => factsOf(lab, service, host))
  const networks = (kind: 'address' | 'peer') =>
    [...new Set(facts.flatMap((fact) => (fact.kind === kind ? [fact.network] : [])))].toSorted()
  return {
    diskFree: service.diskFree ?? 10,
    quorum: exporters.filter((host) => hostsOf(lab, service.quorum ?? []).includes(host)).map(({ name }) => name),
    owners: networks('address').map((network) => ({
      network,
      all: nodesIn(lab, network).every((node) => exporters.includes(node)),
    })),
    pairs: networks('peer'),
  }
}
