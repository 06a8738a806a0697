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
  /** Those that this host looks for, as tinc knows them; the rest look for this host. */
  readonly connectTo: readonly string[]
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
  const hosts = peers.map(({ host }) => host)
  return peers.map((self) => ({
    network: name,
    interface: network?.interface ?? name,
    bridge: network?.bridge ?? null,
    mtu: network?.mtu ?? null,
    port: asked.port,
    over,
    // Back-off grows up to MaxTimeout; at tinc's default of 900 a node stays away for a quarter of an hour after a long outage.
    // A pair of hosts that holds a wrong key for each other (see lookedFor, and the goodbye in files.ts) is deaf until keys expire, after an hour by
    // default. It still happens where a third host joins two that have not met yet, so at the first deployment on bare hosts: seen twice in some sixty.
    options: { MaxTimeout: '10', KeyExpire: '15', ...texts(asked.options ?? {}) },
    self,
    peers: peers.filter((peer) => peer !== self),
    connectTo: lookedFor(hosts, self.host).map(tincName),
  }))
}

/**
 * Whom a host connects to, of all hosts of a VPN in their order: every pair is connected by one of the two, and everybody looks for somebody, so
 * that whoever comes back is in at once, by a detour where need be.
 *
 * Where both look for each other two connections come up at the same time and the older one is dropped; where there is a third host the way
 * flips between the two and the detour, and so do keys: every key that is sent is another one, and of two that went different ways the wrong one
 * may arrive last (1.0.36, protocol_key.c). Then the pair does not hear each other until keys expire. With three daemons on a busy machine,
 * measured: 3 of 12 restarts, and none of 52 where one of each pair looks. Two hosts have no detour: there it is both, or the one that looks
 * would sleep through the other's return for up to ten seconds.
 */
export function lookedFor(hosts: readonly string[], host: string): readonly string[] {
  if (hosts.length === 2) return hosts.filter((other) => other !== host)
  const own = hosts.indexOf(host)
  // Of those behind it the first, the third, ...; of those before it the second, the fourth, ...
  return hosts.filter((_, index) => {
    const behind = index - own
    return behind > 0 ? behind % 2 === 1 : behind < 0 && behind % 2 === 0
  })
}

function ips(addresses: readonly Address[] = []): readonly string[] {
  return addresses.map((address) => address.ip)
}

function texts(options: Readonly<Record<string, string | number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [key, String(value)]))
}
