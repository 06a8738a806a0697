/** How the deployer gets to a host: worked out from the lab, kept in the bundle. */
import { netId, nodesIn, type Host, type Lab } from '../../../renderers/renderer.ts'
import type { Carrier, Way } from './rendering.ts'
import { byCodeUnits } from './canonical.ts'

/** A node by its addresses in the management network; a guest by those it has on its node, through any node that stands in the same networks. */
export function wayTo(lab: Lab, host: Host): Way {
  const { port, otherPorts, user, network } = lab.management
  const networks = host.guest === null ? [network] : sharedNetworks(lab, host, host.guest.node)
  const addresses = networks.flatMap((name) => own(host.addresses, name)?.addresses.map(({ ip }) => ip) ?? [])
  return {
    addresses: [...new Set(addresses)],
    port,
    ...(otherPorts === undefined ? {} : { otherPorts }),
    user,
    via: host.guest === null ? [] : jumps(lab, host.guest.node, networks),
    carriers: carriersOf(lab, host.guest === null ? host : own(lab.hosts, host.guest.node), networks),
  }
}

/** Networks that the guest and the node that carries it both stand in, sorted. */
export function sharedNetworks(lab: Lab, guest: Host, node: string): readonly string[] {
  const carrier = own(lab.hosts, node)
  if (carrier === undefined) return []
  return Object.keys(guest.addresses)
    .filter((network) => own(carrier.addresses, network) !== undefined)
    .toSorted(byCodeUnits)
}

/** The feet, of the node that is come in by, in these networks. */
function carriersOf(lab: Lab, node: Host | undefined, networks: readonly string[]): readonly Carrier[] {
  return networks.flatMap((name) => {
    const foot = node === undefined ? undefined : own(node.addresses, name)
    if (node === undefined || foot === undefined) return []
    const network = own(lab.networks, name)
    return [{ net: netId(name, node.name), interface: network?.bridge ?? network?.interface ?? foot.port }]
  })
}

function jumps(lab: Lab, first: string, networks: readonly string[]): readonly string[] {
  const standsThere = (host: Host) => networks.every((network) => own(host.addresses, network) !== undefined)
  const nodes = nodesIn(lab).filter((node) => node.name !== first && standsThere(node))
  return [first, ...nodes.map(({ name }) => name).toSorted(byCodeUnits)]
}

function own<T>(map: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined
}
