import { doubt, hostPlace, mistake, mistakenKey, serviceOf, servicePlace, type Finding, type Lab } from '../renderer.ts'
import { unknownHost, unknownNetwork } from '../unknown-name.ts'
import { deviceProblems } from './device-problems.ts'
import { linksOf, nodesOf, type CorosyncService } from './settings.ts'

/** What corosync -t does not find, or finds on the host only: networks, votes, numbers, two-node clusters. */
export function problems(lab: Lab): readonly Finding[] {
  const service = serviceOf<CorosyncService>(lab, 'corosync')
  if (service === null) return []
  const cluster = nodesOf(lab, service)
  const counts = cluster.map((node) => service.votes?.[node.name] ?? 1)
  return [
    ...links(lab, service),
    ...nodes(lab, service),
    ...votes(lab, service),
    ...deviceProblems(lab, service.device, cluster, counts, service.twoNode === true),
    ...timers(service),
  ]
}

function links(lab: Lab, service: CorosyncService): readonly Finding[] {
  const all = linksOf(service).map(({ network }) => network)
  return [...numbers(service), ...all.flatMap(one)]

  function one(network: string, index: number): readonly Finding[] {
    const at = servicePlace('corosync', 'links', index)
    if (lab.networks[network] === undefined) return [unknownNetwork(lab, network, at)]
    if (all.indexOf(network) === index) return []
    return [
      mistake(
        'link-twice',
        at,
        `"${network}" is link ${all.indexOf(network)} already`,
        'two links in one network fail together; name another',
      ),
    ]
  }
}

/** votequorum counts the nodes by their ring0_addr: without one it starts with "nodelist or quorum.expected_votes must be configured" (3.1.7). */
function numbers(service: CorosyncService): readonly Finding[] {
  const all = linksOf(service).map(({ number }) => number)
  const twice = all.flatMap((number, index) => {
    if (all.indexOf(number) === index) return []
    const at = servicePlace('corosync', 'links', index)
    const message = `number ${number} is the one of link "${linksOf(service)[all.indexOf(number)]?.network}" already`
    return [mistake('link-number-taken', at, message, 'give it a number that no other link has, 0–7')]
  })
  if (all.includes(0)) return twice
  const message = 'no link has the number 0, by which corosync counts its nodes'
  return [
    ...twice,
    mistake('no-link-zero', servicePlace('corosync', 'links'), message, 'leave the number of the first link out'),
  ]
}

function nodes(lab: Lab, service: CorosyncService): readonly Finding[] {
  const networks = linksOf(service).map(({ network }) => network)
  const cluster = nodesOf(lab, service)
  const platforms = new Set(cluster.map((node) => node.platform))
  const mixed = mistake(
    'mixed-platforms',
    servicePlace('corosync', 'cluster'),
    'some nodes of the cluster are Proxmox VE and some are not, so corosync.conf has two homes',
    'give all nodes of the cluster the same platform',
  )
  return [
    ...(platforms.size > 1 ? [mixed] : []),
    ...cluster.flatMap((node) => [
      ...networks
        .filter((network) => lab.networks[network] !== undefined && node.addresses[network] === undefined)
        .map((network) =>
          mistakenKey(
            'link-missing',
            hostPlace(node, 'addresses'),
            `${node.name} has no address in "${network}", a link of corosync; every node needs one on every link`,
            `give ${node.name} an address in "${network}"`,
          ),
        ),
      ...(node.id === null
        ? [
            mistake(
              'node-id-missing',
              hostPlace(node),
              `${node.name} has no id, which is its nodeid in corosync`,
              'give it one, e.g. id: 1',
            ),
          ]
        : []),
    ]),
  ]
}

function votes(lab: Lab, service: CorosyncService): readonly Finding[] {
  const cluster = nodesOf(lab, service)
  const names = cluster.map((node) => node.name)
  const total = cluster.reduce((sum, node) => sum + (service.votes?.[node.name] ?? 1), 0)
  const strangers = Object.keys(service.votes ?? {}).filter((name) => !names.includes(name))
  const found = strangers.map((name) => unknownHost(names, name, servicePlace('corosync', 'votes', name)))
  const at = servicePlace('corosync', service.votes === undefined ? 'cluster' : 'votes')
  if (service.twoNode === true && (cluster.length !== 2 || total !== 2)) {
    const message = `two_node is for two nodes with a vote each; here are ${cluster.length} with ${total} votes`
    found.push(mistake('two-node', servicePlace('corosync', 'twoNode'), message, 'take twoNode out'))
  } else if (total % 2 === 0 && service.twoNode !== true && service.device === undefined) {
    const lost = total / 2 - 1
    const message = `the cluster has ${total} votes, an even number: it survives the loss of ${lost}, no more than ${total - 1} votes would`
    const help =
      cluster.length === 2
        ? 'set twoNode: true, add a quorum device (device:), or add a node'
        : 'add a node, or give one node another vote (votes: { NAME: 2 })'
    found.push(doubt('even-votes', at, message, help))
  }
  return found
}

function timers(service: CorosyncService): readonly Finding[] {
  const { token, consensus } = service
  if (token === undefined || consensus === undefined || consensus >= token * 1.2) return []
  return [
    mistake(
      'consensus-too-short',
      servicePlace('corosync', 'consensus'),
      `consensus is ${consensus} ms; it has to be at least 1.2 times the token (${token} ms)`,
      `set it to ${Math.ceil(token * 1.2)} or leave it out`,
    ),
  ]
}
