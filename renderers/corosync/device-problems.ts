import { isIP } from 'node:net'
import { doubt, mistake, servicePlace, type Finding, type Host, type Lab } from '../renderer.ts'
import { unknownNetwork } from '../unknown-name.ts'
import { deviceOf, type DeviceService } from './device.ts'

/**
 * What corosync -t does not find in a quorum device (corosync-qdevice(8), votequorum(5)): a device that falls with a node, votes that its algorithm
 * does not allow, and two_node beside it. `votes`: of each node.
 */
export function deviceProblems(
  lab: Lab,
  device: DeviceService | undefined,
  nodes: readonly Host[],
  votes: readonly number[],
  twoNode: boolean,
): readonly Finding[] {
  if (device === undefined) return []
  return [...place(lab, device, nodes), ...counts(lab, device, votes), ...(twoNode ? [besideTwoNode] : [])]
}

const at = (...path: readonly string[]) => servicePlace('corosync', 'device', ...path)

const besideTwoNode = mistake(
  'device-and-two-node',
  servicePlace('corosync', 'twoNode'),
  'two_node and a quorum device exclude each other: corosync does not start with both',
  'take twoNode out: with the device two nodes can spare one',
)

function place(lab: Lab, device: DeviceService, nodes: readonly Host[]): readonly Finding[] {
  const { network } = device
  if (lab.networks[network] === undefined) return [unknownNetwork(lab, network, at('network'))]
  const host = Object.hasOwn(lab.hosts, device.host) ? lab.hosts[device.host] : undefined
  if (host === undefined && isIP(device.host) === 0) {
    const message = `"${device.host}" is neither a host of the lab nor a literal address`
    const help = 'write its address (corosync must not hang on the resolution of names), or name a host of the lab'
    return [mistake('device-host', at('host'), message, help)]
  }
  const own = nodes.find(({ name }) => name === host?.name || name === host?.guest?.node)
  const addresses = new Set(
    nodes.flatMap((node) => Object.values(node.addresses).flatMap((each) => each.addresses)).map(({ ip }) => ip),
  )
  const found: Finding[] = []
  if (own !== undefined || addresses.has(device.host)) {
    const what =
      own === undefined || own.name === device.host
        ? 'a node of the cluster'
        : `a guest on ${own.name}, a node of the cluster`
    const help = 'put it on a machine that does not fail together with a node'
    found.push(
      mistake('device-on-node', at('host'), `the device "${device.host}" is ${what}: they fail together`, help),
    )
  } else if (host !== undefined && host.addresses[network] === undefined) {
    const message = `${host.name} has no address in "${network}"`
    found.push(
      mistake(
        'device-without-address',
        at('network'),
        message,
        `give ${host.name} an address there, or name another network`,
      ),
    )
  }
  const cut = nodes.filter((node) => node.addresses[network] === undefined).map(({ name }) => name)
  if (cut.length > 0) {
    const message = `${cut.join(', ')} ${cut.length === 1 ? 'has' : 'have'} no address in "${network}", by which the nodes reach the device`
    found.push(mistake('device-out-of-reach', at('network'), message, 'name a network that all nodes stand in'))
  }
  return found
}

function counts(lab: Lab, device: DeviceService, votes: readonly number[]): readonly Finding[] {
  const total = votes.reduce((sum, each) => sum + each, 0)
  const { algorithm, votes: own } = deviceOf(lab, device, total) ?? { algorithm: 'ffsplit', votes: 1 }
  const found: Finding[] = []
  if (algorithm === 'ffsplit' && (own !== 1 || votes.some((each) => each !== 1))) {
    const message = `ffsplit is for nodes with a vote each and a device with one; here are nodes with ${votes.join(', ')} and a device with ${own}`
    found.push(
      mistake(
        'device-votes',
        at(...(device.votes === undefined ? [] : ['votes'])),
        message,
        'set algorithm: lms, or leave the votes out',
      ),
    )
  } else if (own >= total && total > 0) {
    const message = `the device has ${own} votes, and all nodes together have ${total}: it alone would be a quorum`
    found.push(mistake('device-votes', at('votes'), message, `give it ${Math.max(1, total - 1)} at most`))
  }
  if (votes.length % 2 === 1) {
    const why =
      algorithm === 'ffsplit'
        ? 'ffsplit is for an even number, and with its vote the total is even'
        : 'when the device is down, no node may fail any more'
    const message = `the cluster has ${votes.length} nodes, an odd number, and a quorum device: ${why}`
    found.push(
      doubt('device-beside-odd-nodes', at(), message, 'take the device out: an odd number of nodes needs none'),
    )
  }
  return found
}
