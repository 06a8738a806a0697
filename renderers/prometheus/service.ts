import { hostsOf, type Host, type Lab } from '../renderer.ts'

/** What lab/services/prometheus.yaml holds. */
export type PrometheusService = {
  readonly network: string
  readonly servers: readonly string[]
  readonly exporters: readonly string[]
  readonly interval?: number
  readonly retention?: string
  readonly quorum?: readonly string[]
  readonly diskFree?: number
  readonly targets?: Readonly<Record<string, AskedJob>>
  readonly rules?: Readonly<Record<string, Rule>>
  readonly alertmanager?: { readonly webhook?: Webhook; readonly email?: Email }
}

export type AskedJob = {
  readonly hosts?: readonly string[]
  readonly port?: number
  readonly addresses?: readonly string[]
  readonly path?: string
  readonly scheme?: 'http' | 'https'
}

export type Rule = {
  readonly expr: string
  readonly for?: string
  readonly severity?: 'warning' | 'critical'
  readonly summary: string
}

export type Webhook = { readonly url: string; readonly token?: boolean }

export type Email = {
  readonly to: readonly string[]
  readonly from: string
  readonly server: string
  readonly user?: string
}

/** The hosts of a list that have an address to be reached at in the network, sorted by name. */
export function standing(lab: Lab, service: PrometheusService, names: readonly string[]): readonly Host[] {
  return hostsOf(lab, names).filter((host) => addressOf(lab, service, host) !== null)
}

/** A host's address in the network, of the family in which all reach each other; null where there is none. */
export function addressOf(lab: Lab, service: PrometheusService, host: Host): string | null {
  return addressIn(host, service.network, familyOf(lab, service))
}

/** A host's first address of a family in a network; null where there is none. */
export function addressIn(host: Host, network: string, family: 4 | 6): string | null {
  return host.addresses[network]?.addresses.find((address) => address.family === family)?.ip ?? null
}

/** IPv4, unless one of those that watch or are watched has IPv6 only: whoever has one family does not reach the other. */
export function familyOf(lab: Lab, { network, servers, exporters, targets = {} }: PrometheusService): 4 | 6 {
  const scraped = Object.values(targets).flatMap(({ hosts = [] }) => hosts)
  const all = hostsOf(lab, [...servers, ...exporters, ...scraped]).filter(
    (host) => host.addresses[network] !== undefined,
  )
  return all.some((host) => addressIn(host, network, 4) === null) ? 6 : 4
}
