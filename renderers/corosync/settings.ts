import { serviceOf, type Host, type Lab, type PerHost } from '../renderer.ts'
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
}

export type Cluster = {
  readonly name: string
  readonly crypto: boolean
  readonly twoNode: boolean
  /** Milliseconds; null: corosync's default (3000 + 650 per node beyond the second). */
  readonly token: number | null
  readonly consensus: number | null
  readonly retransmits: number | null
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
  readonly links: readonly (string | { readonly network: string; readonly priority?: number })[]
  readonly crypto?: boolean
  readonly twoNode?: boolean
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
  const cluster = clusterOf(service, nodes)
  return Object.fromEntries(
    nodes.map((node) => {
      const interfaces = links.flatMap(({ network }) => nodeInterface(lab, node, network) ?? [])
      const mine: CorosyncSettings = {
        node: node.name,
        platform: node.platform,
        cluster,
        links: links.map(({ network }) => network),
        interfaces: [...new Set(interfaces)].toSorted(),
      }
      return [node.name, mine]
    }),
  )
}

/** The links in order, with their priorities. */
export function linksOf(
  service: CorosyncService,
): readonly { readonly network: string; readonly priority: number | null }[] {
  return service.links.map((link) =>
    typeof link === 'string'
      ? { network: link, priority: null }
      : { network: link.network, priority: link.priority ?? null },
  )
}

/** The nodes that have an address in one of the links' networks at least; problems() wants one in each. */
export function nodesOf(lab: Lab, service: CorosyncService): readonly Host[] {
  const networks = linksOf(service).map(({ network }) => network)
  return Object.values(lab.hosts).filter(
    (host) => host.kind === 'node' && networks.some((network) => host.addresses[network] !== undefined),
  )
}

function clusterOf(service: CorosyncService, nodes: readonly Host[]): Cluster {
  const links = linksOf(service)
  const entries = nodes.map((node) => ({
    name: node.name,
    id: node.id ?? 0,
    votes: service.votes?.[node.name] ?? 1,
    addresses: links.map(({ network }) => node.addresses[network]?.addresses[0]?.ip ?? ''),
  }))
  return {
    name: service.cluster,
    crypto: service.crypto ?? true,
    twoNode: service.twoNode ?? false,
    token: service.token ?? null,
    consensus: service.consensus ?? null,
    retransmits: service.retransmits ?? null,
    priorities: links.map(({ priority }) => priority),
    nodes: entries.toSorted((a, b) => a.id - b.id),
  }
}
