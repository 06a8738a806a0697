import { nodeInterface } from '../node-interface.ts'
import { serviceOf, type Host, type Lab, type PerHost } from '../renderer.ts'
import { addressNumber, netmaskOf, subnetOf } from '../subnet.ts'

export type DnsmasqSettings = {
  readonly kind: 'node' | 'guest'
  readonly network: string
  readonly interface: string
  /** The host's own addresses in the network. */
  readonly addresses: readonly string[]
  readonly domain: string | null
  readonly upstream: readonly string[]
  readonly ranges: readonly {
    readonly first: string
    readonly last: string
    readonly netmask: string
    readonly lease: string
  }[]
  /** What clients are told: the virtual router, and all servers. */
  readonly routers: readonly string[]
  readonly servers: readonly string[]
  /** Every name in the network, sorted by name. */
  readonly hosts: readonly { readonly name: string; readonly ips: readonly string[] }[]
  /** The same on every server, sorted by name. */
  readonly reservations: readonly { readonly name: string; readonly mac: string; readonly ip: string }[]
}

/** What lab/services/dnsmasq.yaml holds. */
export type DnsmasqService = {
  readonly network: string
  readonly upstream: readonly string[]
  readonly lease?: string
  readonly servers: Readonly<Record<string, { readonly ranges?: readonly string[]; readonly interface?: string }>>
  readonly reservations?: Readonly<Record<string, { readonly mac: string; readonly address: string }>>
}

/** Per server. */
export function settings(lab: Lab): PerHost<DnsmasqSettings> {
  const service = serviceOf<DnsmasqService>(lab, 'dnsmasq')
  if (service === null) return {}
  const hosts = Object.values(lab.hosts).filter((host) => service.servers[host.name] !== undefined)
  return Object.fromEntries(hosts.map((host) => [host.name, serverOf(lab, service, host)]))
}

function serverOf(lab: Lab, service: DnsmasqService, host: Host): DnsmasqSettings {
  const network = lab.networks[service.network]
  const asked = service.servers[host.name] ?? {}
  const subnets = network?.subnets ?? []
  const reservations = reservationsOf(service)
  return {
    kind: host.kind,
    network: service.network,
    interface: asked.interface ?? nodeInterface(lab, host, service.network) ?? 'eth0',
    addresses: ipsOf(host, service.network),
    domain: lab.domain,
    upstream: service.upstream,
    ranges: (asked.ranges ?? []).map((range) => {
      const [first, last] = rangeOf(range)
      return { first, last, netmask: netmaskOf(subnetOf(first, subnets) ?? '0.0.0.0/0'), lease: service.lease ?? '12h' }
    }),
    routers: (network?.router ?? []).filter(isFour),
    servers: Object.keys(service.servers)
      .toSorted()
      .flatMap((name) => ipsOf(lab.hosts[name], service.network))
      .filter(isFour),
    hosts: [
      ...Object.values(lab.hosts)
        .map(({ name }) => ({ name, ips: ipsOf(lab.hosts[name], service.network) }))
        .filter(({ ips }) => ips.length > 0),
      ...reservations.filter(({ name }) => lab.hosts[name] === undefined).map(({ name, ip }) => ({ name, ips: [ip] })),
    ].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    reservations,
  }
}

/** "10.0.1.100-10.0.1.199" in two. */
export function rangeOf(range: string): readonly [string, string] {
  const [first = '', last = ''] = range.split('-')
  return [first, last]
}

/** Whether an address is between the ends of a range, the ends included. */
export function inRange(ip: string, range: string): boolean {
  const [first, last] = rangeOf(range)
  if (!isFour(ip)) return false
  return addressNumber(first) <= addressNumber(ip) && addressNumber(ip) <= addressNumber(last)
}

/** A host's addresses in a network. */
export function ipsOf(host: Host | undefined, network: string): readonly string[] {
  return host?.addresses[network]?.addresses.map((address) => address.ip) ?? []
}

function reservationsOf(service: DnsmasqService): DnsmasqSettings['reservations'] {
  return Object.entries(service.reservations ?? {})
    .map(([name, { mac, address }]) => ({ name, mac: mac.toLowerCase(), ip: address }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function isFour(ip: string): boolean {
  return !ip.includes(':')
}
