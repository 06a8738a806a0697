import { serviceOf, type Host, type Lab, type PerHost } from '../renderer.ts'
import { deviceOf, type Device, type DeviceService } from './device.ts'
import { nodeInterface } from '../node-interface.ts'

export type CorosyncSettings = {
  /** The host's own name. */
  readonly node: string
  readonly platform: 'proxmox' | 'debian'
  /** The same on every host. */
  readonly cluster: Cluster
  /** The networks of the links; link 0 first. */
  readonly links: readonly string[]
  /** The host's own interfaces in them, sorted. */
  readonly interfaces: readonly string[]
  /** All addresses that the host has in them, by network: the first is its link's. */
  readonly standing: PerHost<readonly string[]>
}

export type Cluster = {
  readonly name: string
  readonly crypto: boolean
  readonly twoNode: boolean
  readonly device: Device | null
  /** Milliseconds; null: corosync's default (3000 + 650 per node beyond the second). */
  readonly token: number | null
  readonly consensus: number | null
  readonly retransmits: number | null
  /** linknumber by link. */
  readonly numbers: readonly number[]
  /** knet_link_priority by link; null where it is not set. */
  readonly priorities: readonly (number | null)[]
  /** Sorted by id. */
  readonly nodes: readonly ClusterNode[]
}

export type ClusterNode = {
  readonly name: string
  readonly id: number
  readonly votes: number
  /** One literal address per link. */
  readonly addresses: readonly string[]
}

/** What lab/services/corosync.yaml holds. */
export type CorosyncService = {
  readonly cluster: string
  readonly links: readonly (
    string | { readonly network: string; readonly number?: number; readonly priority?: number }
  )[]
  readonly crypto?: boolean
  readonly twoNode?: boolean
  readonly device?: DeviceService
  readonly token?: number
  readonly consensus?: number
  readonly retransmits?: number
  readonly votes?: Readonly<Record<string, number>>
}

/** Per node of the cluster: every node that stands in all networks of the links. */
export function settings(lab: Lab): PerHost<CorosyncSettings> {
  const service = serviceOf<CorosyncService>(lab, 'corosync')
  if (service === null) return {}
  const links = linksOf(service)
  const nodes = nodesOf(lab, service)
  const cluster = clusterOf(lab, service, nodes)
  return Object.fromEntries(
    nodes.map((node) => {
      const interfaces = links.flatMap(({ network }) => nodeInterface(lab, node, network) ?? [])
      const mine: CorosyncSettings = {
        node: node.name,
        platform: node.platform,
        cluster,
        links: links.map(({ network }) => network),
        interfaces: [...new Set(interfaces)].toSorted(),
        standing: Object.fromEntries(links.map(({ network }) => [network, addressesOf(node, network)])),
      }
      return [node.name, mine]
    }),
  )
}

/** A link as the definition has it. */
export interface Link {
  readonly network: string
  /** linknumber, 0–7. */
  readonly number: number
  readonly priority: number | null
}

/** The links in order, with their numbers and priorities. */
export function linksOf(service: CorosyncService): readonly Link[] {
  return service.links.map((link, index) =>
    typeof link === 'string'
      ? { network: link, number: index, priority: null }
      : { network: link.network, number: link.number ?? index, priority: link.priority ?? null },
  )
}

function addressesOf(node: Host, network: string): readonly string[] {
  return node.addresses[network]?.addresses.map(({ ip }) => ip) ?? []
}

/** The nodes that have an address in one of the links' networks at least; problems() wants one in each. */
export function nodesOf(lab: Lab, service: CorosyncService): readonly Host[] {
  const networks = linksOf(service).map(({ network }) => network)
  return Object.values(lab.hosts).filter(
    (host) => host.kind === 'node' && networks.some((network) => host.addresses[network] !== undefined),
  )
}

function clusterOf(lab: Lab, service: CorosyncService, nodes: readonly Host[]): Cluster {
  const links = linksOf(service)
  const entries = nodes.map((node) => ({
    name: node.name,
    id: node.id ?? 0,
    votes: service.votes?.[node.name] ?? 1,
    addresses: links.map(({ network }) => addressesOf(node, network)[0] ?? ''),
  }))
  return {
    name: service.cluster,
    crypto: service.crypto ?? true,
    twoNode: service.twoNode ?? false,
    device: deviceOf(
      lab,
      service.device,
      entries.reduce((sum, { votes }) => sum + votes, 0),
    ),
    token: service.token ?? null,
    consensus: service.consensus ?? null,
    retransmits: service.retransmits ?? null,
    numbers: links.map(({ number }) => number),
    priorities: links.map(({ priority }) => priority),
    nodes: entries.toSorted((a, b) => a.id - b.id),
  }
}
