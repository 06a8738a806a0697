import type { Host, Lab } from './renderer.ts'

/** The interface by which a node stands in a network: its bridge, the VPN's tap or the port. Null where the node has none there, or for a guest. */
export function nodeInterface(lab: Lab, host: Host, network: string): string | null {
  const attachment = host.addresses[network]
  const net = lab.networks[network]
  if (host.kind !== 'node' || attachment === undefined || net === undefined) return null
  return net.bridge ?? net.interface ?? attachment.port
}
