/** Lab → wiring: which machines a twin has, and which cable leads from where to where. Pure. */
import { netId, type Address, type Attachment, type Host, type Lab, type Line } from '../../../renderers/renderer.ts'
import { freeAddress, isIn, overlaps, subnetOf } from '../definition/address.ts'
import { byCodeUnits } from '../bundle/canonical.ts'

export interface Wiring {
  /** Sorted by name. */
  readonly nodes: readonly NodeWires[]
  readonly guests: readonly GuestWires[]
  /** What the internet and the provider's networks are in the twin. */
  readonly segments: readonly Segment[]
  /** Where the deployer works. */
  readonly runner: Uplink
  /** An address far away that guests may ask for. */
  readonly beyond: string
  /** Somebody who uses what the lab offers, one per network that guests hang on. */
  readonly visitors: readonly Visitor[]
  /** By id ("net:cluster@pve1"): the address by which a node's foot is reached, and the nodes that ask for it. */
  readonly feet: readonly Reach[]
}

export interface NodeWires {
  readonly name: string
  readonly cables: readonly Cable[]
}

/** A node's physical port, plugged into a segment. */
export interface Cable {
  readonly port: string
  readonly network: string
  /** Index in `segments`. */
  readonly segment: number
  readonly bridge: string | null
  readonly addresses: readonly Address[]
  readonly gateways: readonly string[]
  readonly mtu: number | null
  /** What the lab says of it; null: nothing. */
  readonly line: Line | null
}

export interface GuestWires {
  readonly name: string
  readonly node: string
  readonly ports: readonly GuestPort[]
}

export interface GuestPort {
  /** Inside the guest: "eth0". */
  readonly port: string
  /** The other end, on the node: at most 15 bytes, as Proxmox VE names it. */
  readonly peer: string
  readonly bridge: string
  readonly addresses: readonly Address[]
  /** The network's virtual router, or the guest's own gateways. */
  readonly gateways: readonly string[]
  readonly mtu: number | null
}

/** One L2 segment; its gateways are addresses of the wan, with their prefix. */
export interface Segment {
  readonly gateways: readonly string[]
}

export interface Uplink {
  /** With prefix. */
  readonly addresses: readonly string[]
  readonly gateways: readonly string[]
}

export interface Visitor {
  readonly network: string
  readonly node: string
  readonly bridge: string
  /** With prefix. */
  readonly address: string
  readonly gateways: readonly string[]
  readonly mtu: number | null
}

export interface Reach {
  readonly id: string
  readonly network: string
  readonly node: string
  readonly address: string
  /** Nodes; empty: the runner. */
  readonly from: readonly string[]
}

/** Neighbours that ask for a foot in a VPN: all of three nodes, and of many still enough to tell whose foot it is. */
const neighbours = 2

/** For traffic between networks in a laboratory (RFC 2544), and for the same in IPv6 (RFC 5180). */
const uplinks = ['198.18.0.0/15', '2001:2::/48'] as const

/** Of the labs before and after the change: a host that only one of them knows is wired too. The last one says where hosts stand. */
export function wiringOf(labs: readonly Lab[]): Wiring {
  const hosts = new Map(
    labs.flatMap((lab) => Object.values(lab.hosts).map((host) => [host.name, { lab, host }] as const)),
  )
  const all = [...hosts.values()].toSorted((a, b) => byCodeUnits(a.host.name, b.host.name))
  const nodes = all.filter(({ host }) => host.kind === 'node')
  const segments: { readonly network: string; readonly subnets: Set<string>; readonly gateways: Set<string> }[] = []
  const wired = nodes.map(({ host }) => ({
    name: host.name,
    cables: Object.values(host.addresses).flatMap((foot) => cable(labs, host, foot, segments)),
  }))
  return {
    nodes: wired,
    guests: all.flatMap(({ lab, host }) => guestWires(lab, host)),
    segments: segments.map(({ gateways }) => ({ gateways: [...gateways] })),
    ...beyondAll(segments.flatMap(({ subnets }) => [...subnets])),
    visitors: visitors(labs),
    feet: feetOf(labs.at(-1) as Lab),
  }
}

interface Drawn {
  readonly network: string
  readonly subnets: Set<string>
  readonly gateways: Set<string>
}

/** Ports in one subnet of one network share a segment; a rented server has one to itself. */
function cable(
  labs: readonly Lab[],
  { name }: Host,
  { network, port }: Attachment,
  segments: Drawn[],
): readonly Cable[] {
  if (port === null) return []
  const feet = labs.flatMap((lab) => lab.hosts[name]?.addresses[network] ?? [])
  const subnets = feet.flatMap(({ addresses }) => addresses.map(subnetOf))
  const found = segments.find((each) => each.network === network && subnets.some((subnet) => each.subnets.has(subnet)))
  const segment = found ?? { network, subnets: new Set(), gateways: new Set() }
  if (found === undefined) segments.push(segment)
  for (const subnet of subnets) segment.subnets.add(subnet)
  for (const gateway of feet.flatMap(({ gateways }) => gateways)) {
    const subnet = subnets.find((each) => isIn(gateway, each))
    if (subnet !== undefined) segment.gateways.add(`${gateway}/${subnet.split('/')[1] ?? ''}`)
  }
  const first = feet[0]
  const settings = labs.flatMap((lab) => lab.networks[network] ?? []).at(-1)
  return [
    {
      port,
      network,
      segment: segments.indexOf(segment),
      bridge: settings?.bridge ?? null,
      addresses: first?.addresses ?? [],
      gateways: first?.gateways ?? [],
      mtu: settings?.mtu ?? null,
      line: feet.at(-1)?.line ?? null,
    },
  ]
}

function guestWires(lab: Lab, { name, guest, addresses }: Host): readonly GuestWires[] {
  if (guest === null) return []
  const ports = Object.values(addresses).flatMap((foot) => {
    const network = lab.networks[foot.network]
    return network?.bridge === null || network === undefined ? [] : [{ foot, network, bridge: network.bridge }]
  })
  return [
    {
      name,
      node: guest.node,
      ports: ports.map(({ foot, network, bridge }, index) => ({
        port: `eth${index}`,
        peer: `veth${guest.vmid}i${index}`,
        bridge,
        addresses: foot.addresses,
        gateways: foot.gateways.length > 0 ? foot.gateways : network.router,
        mtu: network.mtu,
      })),
    },
  ]
}

function beyondAll(taken: readonly string[]): Pick<Wiring, 'runner' | 'beyond'> {
  const clash = taken.find((subnet) => uplinks.some((uplink) => overlaps(subnet, uplink)))
  if (clash !== undefined)
    throw new Error(`the lab uses ${clash}, which a twin needs for itself (${uplinks.join(', ')})`)
  return {
    runner: { addresses: ['198.18.0.2/30', '2001:2::2/64'], gateways: ['198.18.0.1/30', '2001:2::1/64'] },
    beyond: '198.18.255.1',
  }
}

/** On the last node that no guest with an address stands on, so that what a visitor asks for crosses the VPN. */
function visitors(labs: readonly Lab[]): readonly Visitor[] {
  const lab = labs.at(-1) as Lab
  const taken = new Set(
    labs.flatMap((each) => [
      ...Object.values(each.hosts).flatMap((host) =>
        Object.values(host.addresses).flatMap(({ addresses }) => addresses.map(({ ip }) => ip)),
      ),
      ...Object.values(each.networks).flatMap(({ router, virtual = {} }) => [router, ...Object.values(virtual)].flat()),
    ]),
  )
  return Object.values(lab.networks).flatMap((network) => {
    const subnet = network.subnets.find((each) => !each.includes(':'))
    if (network.bridge === null || network.carrier === 'physical' || subnet === undefined) return []
    const crowded = Object.values(lab.hosts).flatMap(({ guest }) => guest?.node ?? [])
    const nodes = Object.values(lab.hosts).filter(
      ({ kind, addresses }) => kind === 'node' && addresses[network.name] !== undefined,
    )
    const node = nodes.findLast(({ name }) => !crowded.includes(name)) ?? nodes.at(-1)
    const address = freeAddress(subnet, taken)
    if (node === undefined || address === null) return []
    return [
      {
        network: network.name,
        node: node.name,
        bridge: network.bridge,
        address: `${address}/${subnet.split('/')[1] ?? ''}`,
        gateways: network.router.filter((ip) => !ip.includes(':')),
        mtu: network.mtu,
      },
    ]
  })
}

function feetOf(lab: Lab): readonly Reach[] {
  const nodes = Object.values(lab.hosts).filter(({ kind }) => kind === 'node')
  return Object.values(lab.networks).flatMap((network) => {
    const there = nodes.flatMap((node) => {
      const address = node.addresses[network.name]?.addresses[0]?.ip
      return address === undefined ? [] : [{ node: node.name, address }]
    })
    const isPublic = network.name === lab.management.network
    return there.flatMap(({ node, address }, index) => {
      const others = [...there.slice(index + 1), ...there.slice(0, index)]
        .slice(0, neighbours)
        .map((other) => other.node)
      if (!isPublic && others.length === 0) return []
      return [{ id: netId(network.name, node), network: network.name, node, address, from: isPublic ? [] : others }]
    })
  })
}
