import { createHash } from 'node:crypto'
import type { Attachment, Lab } from '../renderer.ts'

/** One interface that ifupdown2 makes. */
export type Link = {
  readonly name: string
  readonly network: string
  /** The network is on a port of the host; else a VPN carries it, and its tap joins the bridge by itself. */
  readonly physical: boolean
  /** Without ports where a VPN's tap joins it: an ifupdown2 that is told of a port which is not there yet fails (3.0.0, measured). */
  readonly bridge: {
    readonly ports: readonly string[]
    readonly condone: string
    /** Null where a physical port gives the bridge its own. */
    readonly hardwareAddress: string | null
  } | null
  readonly addresses: readonly { readonly ip: string; readonly prefix: number; readonly family: 4 | 6 }[]
  readonly gateways: readonly string[]
  readonly mtu: number | null
}

/** The link of a node's foot in a network; none where a VPN carries the network and no bridge is wanted: there its tap holds the address. */
export function linkOf(lab: Lab, host: string, attachment: Attachment): readonly Link[] {
  const network = lab.networks[attachment.network]
  if (network === undefined) return []
  const physical = network.carrier === 'physical'
  const port = physical ? attachment.port : network.interface
  const name = network.bridge ?? (physical ? port : null)
  if (name === null || port === null) return []
  const own = {
    ports: physical ? [port] : [],
    condone: condoned(port, physical),
    hardwareAddress: physical ? null : hardwareAddress(network.name, host),
  }
  const bridge = network.bridge === null ? null : own
  const { addresses, gateways } = attachment
  return [{ name, network: network.name, physical, bridge, addresses, gateways, mtu: network.mtu }]
}

/**
 * Ports that ifupdown2 leaves in the bridge although they are not listed; any other is taken out and set down at every ifreload (ifupdown2
 * 3.0.0, addons/bridge.py; measured). The tap of the VPN, and what Proxmox VE or a container adds for a guest.
 */
function condoned(port: string, physical: boolean): string {
  const own = physical ? [] : [port.replaceAll('.', String.raw`\.`)]
  return `^(${[...own, 'tap.*', 'veth.*', 'fwpr.*', 'v.*'].join('|')})$`
}

/**
 * Without one of its own a bridge takes the lowest of its ports', and a VPN's tap has a new one at every start of its daemon: then neighbours ask
 * for the node, and for a router's address that it holds, at one that is gone (measured: 11 s until they ask anew). Locally administered.
 */
function hardwareAddress(network: string, host: string): string {
  const digits = createHash('sha256').update(`${network}@${host}`).digest('hex').slice(0, 10)
  return ['02', ...(digits.match(/../g) ?? [])].join(':')
}
