/** The lab as every renderer sees it: read, checked against the schema and resolved; plain JSON, the same bytes every time. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** What a step may interrupt, or a member may need: "corosync@pve1", "net:cluster@pve1". */
export type Id = string

/** A place in the definition: the file, relative to the lab's folder with "/", and the way down to a value in it. */
export interface Place {
  readonly file: string
  readonly path: readonly (string | number)[]
}

export type Platform = 'proxmox' | 'debian'

export interface Lab {
  readonly name: string
  /** The DNS zone of the lab's own names, "example.lab". */
  readonly domain: string | null
  readonly management: Management
  readonly networks: Readonly<Record<string, Network>>
  /** Nodes and guests by name, sorted by name. */
  readonly hosts: Readonly<Record<string, Host>>
  /** What lab/services/<service>.yaml holds, already valid against that service's schema.json. */
  readonly services: Readonly<Record<string, Json>>
  /** The user's own files below lab/files/, by path relative to it with "/": "nodes/etc/sysctl.d/60-router.conf". Text only. */
  readonly files: Readonly<Record<string, string>>
}

/** How a deployer reaches the hosts. */
export interface Management {
  readonly user: string
  /** TCP port of sshd, 1–65535: the one to connect to first. */
  readonly port: number
  /** Ports on which sshd listens besides, while the port is being changed; absent where there is none. */
  readonly otherPorts?: readonly number[]
  /** The network whose address of a node is used; guests are reached through the node that carries them. */
  readonly network: string
}

export interface Network {
  readonly name: string
  readonly title: string
  /** "physical", or the name of the service that carries it ("tinc"). */
  readonly carrier: string
  /** CIDR, IPv4 and IPv6. Empty where every member stands in a subnet of its own (rented servers). */
  readonly subnets: readonly string[]
  /** The network's interface on a node: the tap of a VPN, at most 15 bytes. Null for a physical network: the port is named per node. */
  readonly interface: string | null
  /** The bridge that the interface is a port of; guests hang on it. */
  readonly bridge: string | null
  /** Bytes. Null: the kernel's default. */
  readonly mtu: number | null
  /** The virtual router's addresses, without prefix; empty where there is none. */
  readonly router: readonly string[]
  /** Other addresses that move between hosts, without prefix, by a name for what is behind them; absent where there are none. */
  readonly virtual?: Readonly<Record<string, readonly string[]>>
}

export interface Host {
  readonly name: string
  readonly kind: 'node' | 'guest'
  readonly title: string
  readonly platform: Platform
  /** A node's number, unique; corosync's nodeid. Null for a guest. */
  readonly id: number | null
  /** Names of groups this host is in, besides "all" and "nodes" or "guests". */
  readonly tags: readonly string[]
  /** By network name, sorted. */
  readonly addresses: Readonly<Record<string, Attachment>>
  /** The guest's own facts; null for a node. */
  readonly guest: { readonly type: 'lxc' | 'vm'; readonly vmid: number; readonly node: string } | null
}

/** A host's foot in a network. */
export interface Attachment {
  readonly network: string
  /** In the order of the definition, IPv4 and IPv6. */
  readonly addresses: readonly Address[]
  /** Next hops of the default route, at most one per family. */
  readonly gateways: readonly string[]
  /** The physical port, "eno1"; null where the network has an interface of its own. */
  readonly port: string | null
  /** What the line behind the port is like; null where nobody said. For rehearsals: no host is set to it. */
  readonly line: Line | null
}

/** Each way: between two servers the lines of both count. */
export interface Line {
  readonly latencyMs: number
  readonly lossPercent: number
}

export interface Address {
  readonly ip: string
  /** Bits: 0–32 or 0–128. */
  readonly prefix: number
  readonly family: 4 | 6
}

/** Everything that is said per host, by host name. */
export type PerHost<T> = Readonly<Record<string, T>>

export const networksFile = 'networks.yaml'
export const labFile = 'lab.yaml'

/** The file that defines a host. */
export function hostFile(host: Pick<Host, 'name' | 'kind'>): string {
  return `${host.kind}s/${host.name}.yaml`
}

/** A place in lab/services/<service>.yaml. */
export function servicePlace(service: string, ...path: readonly (string | number)[]): Place {
  return { file: `services/${service}.yaml`, path }
}

/** A place in the file that defines a host. */
export function hostPlace(host: Pick<Host, 'name' | 'kind'>, ...path: readonly (string | number)[]): Place {
  return { file: hostFile(host), path }
}

/** A place in networks.yaml, below one network. */
export function networkPlace(network: string, ...path: readonly (string | number)[]): Place {
  return { file: networksFile, path: [network, ...path] }
}

/** Addresses of a network that move between hosts: those of its virtual router ("router"), or of the name; empty where there are none. */
export function movingAddresses(network: Network | undefined, name: string): readonly string[] {
  return (name === 'router' ? network?.router : network?.virtual?.[name]) ?? []
}

/** Where they are written. */
export function movingPlace(network: string, name: string): Place {
  return name === 'router' ? networkPlace(network, 'router') : networkPlace(network, 'virtual', name)
}

/** Names of groups every lab has. */
export const builtinGroups = ['all', 'nodes', 'guests'] as const

/**
 * The hosts that a list of host and group names stands for, sorted by name, each once.
 * A group is "all", "nodes", "guests" or a tag. Names that stand for nothing are left out; `unknownHosts` finds them.
 */
export function hostsOf(lab: Lab, names: readonly string[]): readonly Host[] {
  return Object.values(lab.hosts).filter((host) => isMeant(host, names))
}

/** Whether a list of host and group names stands for a host, among others; quicker for each of many than to look for it in `hostsOf`. */
export function isMeant(host: Host, names: readonly string[]): boolean {
  return names.some((name) => isOf(host, name))
}

const nodesByLab = new WeakMap<Lab, readonly Host[]>()

/** The nodes among the hosts; worked out once for a lab, because two thousand guests ask for them, each for itself. */
export function nodesIn(lab: Lab): readonly Host[] {
  const known = nodesByLab.get(lab) ?? Object.values(lab.hosts).filter(({ kind }) => kind === 'node')
  nodesByLab.set(lab, known)
  return known
}

/** The names in the list that stand for no host. */
export function unknownHosts(lab: Lab, names: readonly string[]): readonly string[] {
  return names.filter((name) => !Object.values(lab.hosts).some((host) => isOf(host, name)))
}

function isOf(host: Host, name: string): boolean {
  return name === 'all' || name === `${host.kind}s` || name === host.name || host.tags.includes(name)
}

/** A service's definition, as its schema.json promises it; null where the lab does not run the service. */
export function serviceOf<T>(lab: Lab, service: string): T | null {
  return (lab.services[service] as T | undefined) ?? null
}
