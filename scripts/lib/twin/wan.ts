/** The commands that lay a twin's cables: `ip -batch` lines, in order. Pure. */
import type { GuestPort, NodeWires, Visitor, Wiring } from './wiring.ts'

/** Names of network namespaces that are no machine's; machines' are named after their hosts, which hold no dots. */
export const wan = 'wan.'
export function visitorNamespace(network: string): string {
  return `visit.${network}`
}

/** The internet: one bridge per segment with the providers' gateways, and the runner behind a router of its own. Run where the runner is. */
export function wanLines({ segments, runner, beyond }: Wiring): readonly string[] {
  return [
    'link set lo up',
    `netns add ${wan}`,
    `-n ${wan} link set lo up`,
    `-n ${wan} addr add ${beyond}/32 dev lo`,
    `link add up0 type veth peer name runner netns ${wan}`,
    ...runner.addresses.map((address) => `addr add ${address} dev up0${nodad(address)}`),
    'link set up0 up',
    ...runner.gateways.map((address) => `-n ${wan} addr add ${address} dev runner${nodad(address)}`),
    `-n ${wan} link set runner up`,
    ...runner.gateways.map((address) => `route add default via ${bare(address)} dev up0`),
    ...segments.flatMap(({ gateways }, index) => [
      `-n ${wan} link add s${index} type bridge`,
      ...gateways.map((address) => `-n ${wan} addr add ${address} dev s${index}${nodad(address)}`),
      `-n ${wan} link set s${index} up`,
    ]),
  ]
}

/** A node's network namespace, its ports plugged in. */
export function nodeLines(node: NodeWires): readonly string[] {
  return [
    `netns add ${node.name}`,
    `-n ${node.name} link set lo up`,
    ...node.cables.flatMap((_, index) => plugLines(node, index)),
  ]
}

/** The argument vectors that make a node's cables as slow and as lossy as the lab says, at both ends: tc-netem(8). */
export function lineCommands({ name, cables }: NodeWires): readonly (readonly string[])[] {
  return cables.flatMap(({ port, line }, index) => {
    if (line === null) return []
    const { latencyMs, lossPercent } = line
    const ends = [
      { namespace: wan, device: plug(name, index) },
      { namespace: name, device: port },
    ]
    const netem = ['root', 'netem', 'delay', `${latencyMs}ms`, 'loss', `${lossPercent}%`]
    return ends.map(({ namespace, device }) => ['tc', '-n', namespace, 'qdisc', 'add', 'dev', device, ...netem])
  })
}

/** Takes the cables out first, so that none is left behind when a namespace goes some time later. */
export function powerOffLines({ name, cables }: NodeWires): readonly string[] {
  return [...cables.map((_, index) => `-n ${wan} link del ${plug(name, index)}`), `netns del ${name}`]
}

/** Every cable of a node, in or out, as somebody trips over it. */
export function cutLines({ name, cables }: NodeWires, how: 'down' | 'up'): readonly string[] {
  return cables.map((_, index) => `-n ${wan} link set ${plug(name, index)} ${how}`)
}

function plugLines({ name, cables }: NodeWires, index: number): readonly string[] {
  const cable = cables[index]
  if (cable === undefined) return []
  return [
    `-n ${wan} link add ${plug(name, index)} type veth peer name ${cable.port} netns ${name}`,
    `-n ${wan} link set ${plug(name, index)} master s${cable.segment}`,
    `-n ${wan} link set ${plug(name, index)} up`,
  ]
}

/** The wan's end of a cable: at most 15 bytes, whatever the node is called. */
function plug(name: string, index: number): string {
  let hash = 0
  for (const character of name) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0
  return `w${index}.${hash.toString(36)}`
}

/** An empty namespace: a guest's, or a visitor's. */
export function namespaceLines(name: string): readonly string[] {
  return [`netns add ${name}`, `-n ${name} link set lo up`]
}

/** A guest's port, plugged into a bridge of its node. */
export function guestPortLines(name: string, node: string, port: GuestPort): readonly string[] {
  const mtu = port.mtu === null ? '' : ` mtu ${port.mtu}`
  return [
    `-n ${node} link add ${port.peer}${mtu} type veth peer name ${port.port}${mtu} netns ${name}`,
    `-n ${node} link set ${port.peer} master ${port.bridge}`,
    `-n ${node} link set ${port.peer} up`,
  ]
}

/** A visitor's cable, and the address by which it uses what the network offers. */
export function visitorPortLines(
  { network, node, bridge, address, gateways, mtu }: Visitor,
  index: number,
): readonly string[] {
  const name = visitorNamespace(network)
  const size = mtu === null ? '' : ` mtu ${mtu}`
  return [
    `-n ${node} link add vvisit${index}${size} type veth peer name eth0${size} netns ${name}`,
    `-n ${node} link set vvisit${index} master ${bridge}`,
    `-n ${node} link set vvisit${index} up`,
    `-n ${name} link set eth0 up`,
    `-n ${name} addr add ${address} dev eth0`,
    ...gateways.map((gateway) => `-n ${name} route add default via ${gateway} dev eth0`),
  ]
}

function nodad(address: string): string {
  return address.includes(':') ? ' nodad' : ''
}

function bare(address: string): string {
  return address.replace(/\/.*/, '')
}
