import { nodesIn, serviceOf, type Address, type Host, type Lab, type PerHost } from '../renderer.ts'
import { tincName } from './name.ts'

export type TincSettings = { readonly vpns: Readonly<Record<string, Vpn>> }

/** One VPN as one host sees it. */
export type Vpn = {
  readonly network: string
  readonly interface: string
  readonly bridge: string | null
  readonly mtu: number | null
  /** TCP and UDP, the same on every host. */
  readonly port: number
  /** The network that carries its packets. */
  readonly over: string
  /** Further variables of tinc.conf, by name. */
  readonly options: Readonly<Record<string, string>>
  readonly self: Peer
  /** All others, sorted by host. */
  readonly peers: readonly Peer[]
}

export type Peer = {
  readonly host: string
  /** As tinc knows it. */
  readonly name: string
  /** Where it is reached from outside the VPN. */
  readonly endpoints: readonly string[]
  /** Its addresses in the VPN. */
  readonly addresses: readonly { readonly ip: string; readonly prefix: number; readonly family: 4 | 6 }[]
}

/** What lab/services/tinc.yaml holds. */
export type TincService = {
  readonly over: string
  readonly networks: Readonly<Record<string, TincNetwork>>
}

export type TincNetwork = {
  readonly port: number
  readonly over?: string
  readonly options?: Readonly<Record<string, string | number>>
}

/** Per host, the VPNs it is in. */
export function settings(lab: Lab): PerHost<TincSettings> {
  const service = serviceOf<TincService>(lab, 'tinc')
  if (service === null) return {}
  const vpns = new Map(Object.keys(lab.hosts).map((host) => [host, [] as Vpn[]]))
  for (const name of Object.keys(service.networks).toSorted()) {
    for (const vpn of vpnOnEach(lab, service, name)) vpns.get(vpn.self.host)?.push(vpn)
  }
  const hosts = [...vpns].filter(([, own]) => own.length > 0)
  return Object.fromEntries(
    hosts.map(([host, own]) => [host, { vpns: Object.fromEntries(own.map((vpn) => [vpn.network, vpn])) }]),
  )
}

/** The nodes that are in a VPN; guests hang on its bridge instead. Sorted by name. */
export function nodesOf(lab: Lab, network: string): readonly Host[] {
  return nodesIn(lab).filter((node) => node.addresses[network] !== undefined)
}

/** One VPN as each of its nodes sees it. Whoever is a peer of many is held once. */
function vpnOnEach(lab: Lab, service: TincService, name: string): readonly Vpn[] {
  const asked = service.networks[name] as TincNetwork
  const network = lab.networks[name]
  const over = asked.over ?? service.over
  const peers = nodesOf(lab, name).map((node): Peer => ({
    host: node.name,
    name: tincName(node.name),
    endpoints: ips(node.addresses[over]?.addresses),
    addresses: node.addresses[name]?.addresses ?? [],
  }))
  return peers.map((self) => ({
    network: name,
    interface: network?.interface ?? name,
    bridge: network?.bridge ?? null,
    mtu: network?.mtu ?? null,
    port: asked.port,
    over,
    // Back-off grows up to MaxTimeout; at tinc's default of 900 a node stays away for a quarter of an hour after a long outage.
    // Every key that is sent is another one, and of two that went different ways the wrong one may arrive last (1.0.36, protocol_key.c): then a pair
    // of hosts does not hear each other until keys expire, an hour by default. With three daemons on a busy machine, measured: 13 of 54 restarts.
    // Where only one of each pair looks for the other no restart does it (none of 52), but a third host that joins two that have not met does.
    options: { MaxTimeout: '30', KeyExpire: '15', ...texts(asked.options ?? {}) },
    self,
    peers: peers.filter((peer) => peer !== self),
  }))
}

function ips(addresses: readonly Address[] = []): readonly string[] {
  return addresses.map((address) => address.ip)
}

function texts(options: Readonly<Record<string, string | number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [key, String(value)]))
}
