import { netId, type Agreement, type Group, type Member, type PerHost, type Probe } from '../renderer.ts'
import type { Cluster, CorosyncSettings } from './settings.ts'

/** The quorum. Judged on every host, by ring id and members: one host alone goes on naming those who are gone (measured: for 6 s). */
export function groups(all: PerHost<CorosyncSettings>): readonly Group[] {
  const hosts = Object.entries(all)
  const cluster = hosts[0]?.[1].cluster
  if (cluster === undefined) return []
  const votes = sum(cluster) + (cluster.device?.votes ?? 0)
  const members = hosts.map(([host, mine]) => ({
    id: `corosync@${host}`,
    host,
    votes: cluster.nodes.find((node) => node.name === host)?.votes ?? 0,
    // Links stand in for each other.
    needs: [mine.links.map((network) => netId(network, host))],
    provides: [],
    up: [
      quorate(host, cluster),
      ...deviceVotes(host, cluster),
      ...[allVotes(host, votes), ...links(host, cluster)].map((probe) => ({ ...probe, peers: others(host) })),
    ],
  }))
  function others(host: string): readonly string[] {
    return hosts.map(([peer]) => peer).filter((peer) => peer !== host)
  }
  const minimum = cluster.twoNode ? 1 : Math.floor(votes / 2) + 1
  const ways = waysOut(cluster)
  return [
    {
      id: 'corosync',
      kind: 'quorum',
      minimum,
      soakSeconds: soakSeconds(cluster),
      members: [...members, ...deviceVoter(cluster, hosts)],
      agree: agreements,
      ...(ways.length > 0 ? { waysOut: ways } : {}),
    },
  ]
}

/**
 * Two nodes cannot spare one unless they are told to, or somebody else votes. With two_node, which implies wait_for_all, one is enough, but it has to
 * go on running: one that starts alone never becomes quorate (tried with corosync 3.1.7).
 */
function waysOut({ nodes, twoNode, device }: Cluster): readonly string[] {
  if (nodes.length !== 2) return []
  if (device !== null) return ['bring back who is away first: two nodes and a quorum device can spare one of the three']
  if (twoNode) {
    return [
      'bring the other node back first: with two_node a corosync that starts while the other node is away waits for it, and is not quorate until then (wait_for_all)',
    ]
  }
  return [
    'set  twoNode: true  in services/corosync.yaml, or add a quorum device there (device:): then one of two nodes is enough',
  ]
}

/** Three times the token, within which a lost one is noticed; corosync.conf(5): 650 ms more for each node beyond the second. */
function soakSeconds({ nodes, token }: Cluster): number {
  const ms = (token ?? 3000) + 650 * Math.max(0, nodes.length - 2)
  return Math.max(15, Math.ceil((3 * ms) / 1000))
}

/** The votes of all nodes. */
function sum(cluster: Cluster): number {
  return cluster.nodes.reduce((votes, node) => votes + node.votes, 0)
}

/**
 * corosync-quorumtool -s: exit 0 quorate, 2 not, 1 error. Of two nodes: also that the running corosync counts as its file says, for with two_node one
 * vote is enough.
 */
function quorate(host: string, { nodes, twoNode }: Cluster): Probe {
  const flag = twoNode ? String.raw`.*\b2Node\b` : String.raw`(?!.*\b2Node\b)`
  return {
    title: `corosync@${host} is a member of a quorate cluster`,
    run: ['corosync-quorumtool', '-s'],
    exit: [0],
    stdout: String.raw`^Quorate:\s+Yes\s*$${nodes.length === 2 ? String.raw`(?=[^]*^Flags:${flag})` : ''}`,
    withinSeconds: 30,
  }
}

function allVotes(host: string, votes: number): Probe {
  return {
    title: `corosync@${host} counts all ${votes} votes`,
    run: ['corosync-quorumtool', '-s'],
    exit: [0],
    stdout: String.raw`^Total votes:\s+${votes}\s*$`,
    withinSeconds: 30,
  }
}

/** As corosync-quorumtool 3.1.7 -s prints it: A (alive) or NA, V (it votes) or NV; NR where corosync-qdevice does not run. */
function deviceVotes(host: string, { device, nodes }: Cluster): readonly Probe[] {
  const id = nodes.find(({ name }) => name === host)?.id
  if (device === null || id === undefined) return []
  return [
    {
      title: `the quorum device is alive and votes at corosync@${host}`,
      run: ['corosync-quorumtool', '-s'],
      exit: [0],
      stdout: String.raw`^\s+${id}\s+\d+\s+A,V,`,
      withinSeconds: 30,
    },
  ]
}

/**
 * A voter on no host of ours. Its votes count only while every node that stands has a way to it, and its own host is there where that is one of the
 * lab; whether it is alive and votes is asked on every node.
 */
function deviceVoter({ device }: Cluster, hosts: readonly (readonly [string, CorosyncSettings])[]): readonly Member[] {
  if (device === null) return []
  const { network, host, votes } = device
  return [
    {
      id: `qdevice@${host ?? device.address}`,
      host: '',
      votes,
      needs: host === null ? [] : [[netId(network, host)]],
      needsWhile: Object.fromEntries(hosts.map(([node]) => [`corosync@${node}`, [netId(network, node)]])),
      provides: [],
      up: [],
    },
  ]
}

/** Of several links each has to be connected: members that hear each other by one of them are whole in all other respects. */
function links(host: string, { numbers, nodes }: Cluster): readonly Probe[] {
  if (numbers.length < 2) return []
  return numbers.map((number) => {
    const rows = nodes.map(({ id }) => String.raw`(?=(?:\t.*\n)*\t+nodeid:\s+${id}:\s+(?:connected|localhost)$)`)
    return {
      title: `corosync@${host} reaches all by link ${number}`,
      run: ['corosync-cfgtool', '-s'],
      exit: [0],
      stdout: String.raw`^LINK ID ${number} .*\n${rows.join('')}`,
      withinSeconds: 30,
      droppable: true,
    }
  })
}

const agreements: readonly Agreement[] = [
  {
    title: 'the ring id',
    run: ['corosync-quorumtool', '-s'],
    pick: String.raw`^Ring ID:\s+(\S+)`,
    across: 'same',
  },
  {
    title: 'the members',
    // By node id: the name in the same row has "(local)" behind it on one host and not on the others.
    run: ['corosync-quorumtool', '-s'],
    pick: String.raw`^\s+(\d+)\s+\d+\s+\S`,
    across: 'same',
  },
]
