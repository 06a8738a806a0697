/** The lab in one picture, for a terminal: the nodes side by side, the networks that join them, and who hangs on each. */
import type { Host, Lab, Network } from '../../../renderers/lab.ts'

const columnWidth = 20
/** More nodes than this do not fit side by side; they are listed. */
const mostColumns = 5

/** Lines of text, each at most 120 characters for labs of up to five nodes; no colour, no trailing spaces. */
export function labPicture(lab: Lab): readonly string[] {
  const nodes = Object.values(lab.hosts).filter((host) => host.kind === 'node')
  const networks = Object.values(lab.networks).filter((network) => network.name !== lab.management.network)
  const lines = nodes.length > mostColumns ? nodes.map((node) => listed(lab, node)) : sideBySide(lab, nodes)
  return [...lines, ...networks.flatMap((network) => band(lab, network, nodes))].map((line) => line.trimEnd())
}

function sideBySide(lab: Lab, nodes: readonly Host[]): string[] {
  const cell = (text: string) => centred(text, columnWidth)
  return [
    nodes.map((node) => cell(node.name)).join(''),
    nodes.map((node) => cell(firstAddress(node, lab.management.network))).join(''),
  ]
}

function listed(lab: Lab, node: Host): string {
  return `  ${node.name.padEnd(16)}${firstAddress(node, lab.management.network)}`
}

function band(lab: Lab, network: Network, nodes: readonly Host[]): string[] {
  const feet = nodes.map((node) => centred(node.addresses[network.name] === undefined ? ' ' : '│', columnWidth))
  const width = Math.min(nodes.length, mostColumns) * columnWidth
  const title = ` ${network.name} ${network.subnets.join(' ')}${network.carrier === 'physical' ? '' : `, carried by ${network.carrier}`} `
  const rail = `══${title}`.padEnd(width - 1, '═')
  const guests = Object.values(lab.hosts).filter(
    (host) => host.kind === 'guest' && host.addresses[network.name] !== undefined,
  )
  const hanging = [
    ...network.router.map((address) => `router ${address} (moves between the nodes)`),
    ...Object.entries(network.virtual ?? {}).map(([name, ips]) => `${name} ${ips.join(' ')} (moves between hosts)`),
    ...guests.map((guest) => `${guest.name} ${firstAddress(guest, network.name)} (on ${guest.guest?.node})`),
  ]
  return [
    ...(nodes.length > mostColumns ? [] : [feet.join('')]),
    ` ${rail}`,
    ...(hanging.length > 0 ? [`     └─ ${hanging.join(' · ')}`] : []),
  ]
}

function firstAddress(host: Host, network: string): string {
  return host.addresses[network]?.addresses[0]?.ip ?? '–'
}

function centred(text: string, width: number): string {
  const left = Math.max(0, Math.floor((width - text.length) / 2))
  return `${' '.repeat(left)}${text}`.padEnd(width)
}
