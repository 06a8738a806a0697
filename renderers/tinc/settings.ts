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
  const hosts = Object.values(lab.hosts).map((host) => [host.name, { vpns: vpnsOf(lab, service, host) }] as const)
  return Object.fromEntries(hosts.filter(([, { vpns }]) => Object.keys(vpns).length > 0))
}

/** The nodes that are in a VPN; guests hang on its bridge instead. Sorted by name. */
export function nodesOf(lab: Lab, network: string): readonly Host[] {
  return nodesIn(lab).filter((node) => node.addresses[network] !== undefined)
}

function vpnsOf(lab: Lab, service: TincService, host: Host): Readonly<Record<string, Vpn>> {
  const names = Object.keys(service.networks).toSorted()
  const mine = names.filter((name) => nodesOf(lab, name).some((node) => node.name === host.name))
  return Object.fromEntries(mine.map((name) => [name, vpnOf(lab, service, name, host)]))
}

function vpnOf(lab: Lab, service: TincService, name: string, host: Host): Vpn {
  const asked = service.networks[name] as TincNetwork
  const network = lab.networks[name]
  const over = asked.over ?? service.over
  const peer = (node: Host): Peer => ({
    host: node.name,
    name: tincName(node.name),
    endpoints: ips(node.addresses[over]?.addresses),
    addresses: node.addresses[name]?.addresses ?? [],
  })
  const nodes = nodesOf(lab, name)
  return {
    network: name,
    interface: network?.interface ?? name,
    bridge: network?.bridge ?? null,
    mtu: network?.mtu ?? null,
    port: asked.port,
    over,
    // Back-off grows up to MaxTimeout; at tinc's default of 900 a node stays away for a quarter of an hour after a long outage.
    // Every key that is sent is another one, and of two that went different ways the wrong one may arrive last (1.0.36, protocol_key.c): then a pair
    // of hosts does not hear each other until keys expire, an hour by default. With three daemons on a busy machine, measured: 13 of 54 restarts.
    // Where only one of each pair looks for the other it does not happen (none of 52), but a host that had no power is not heard by those that look
    // for it until they see that their old connection is dead: on the twin a virtual address had two owners for seconds.
    options: { MaxTimeout: '30', KeyExpire: '15', ...texts(asked.options ?? {}) },
    self: peer(host),
    peers: nodes.filter((node) => node.name !== host.name).map(peer),
  }
}

function ips(addresses: readonly Address[] = []): readonly string[] {
  return addresses.map((address) => address.ip)
}

function texts(options: Readonly<Record<string, string | number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [key, String(value)]))
}
