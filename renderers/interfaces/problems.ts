import {
  hostPlace,
  hostsOf,
  serviceOf,
  servicePlace,
  unknownHosts,
  type Finding,
  type Host,
  type Lab,
} from '../renderer.ts'
import { suggestion } from '../suggestion.ts'
import { linkOf } from './link.ts'

/** Hosts that are not there or no nodes, ports that are not named, two links of one name, two default routes. */
export function problems(lab: Lab): readonly Finding[] {
  const service = serviceOf<{ hosts: readonly string[] }>(lab, 'interfaces')
  if (service === null) return []
  const hosts = hostsOf(lab, service.hosts)
  return [
    ...unknownHosts(lab, service.hosts).map((name): Finding => ({
      rule: 'unknown-host',
      severity: 'error',
      at: servicePlace('interfaces', 'hosts', service.hosts.indexOf(name)),
      message: `"${name}" is no host and no group of this lab`,
      help: suggestion(name, ['nodes', ...Object.keys(lab.hosts)]),
    })),
    ...hosts
      .filter((host) => host.kind === 'guest')
      .map((host): Finding => ({
        rule: 'interfaces-of-a-guest',
        severity: 'error',
        at: servicePlace('interfaces', 'hosts'),
        message: `${host.name} is a guest; the node that carries it configures its network`,
        help: 'name nodes only',
      })),
    ...hosts.flatMap((host) => [...portless(lab, host), ...doubled(lab, host), ...routes(host)]),
  ]
}

function portless(lab: Lab, host: Host): readonly Finding[] {
  return Object.values(host.addresses)
    .filter(({ network, port }) => lab.networks[network]?.carrier === 'physical' && port === null)
    .map(({ network }) => ({
      rule: 'port-missing',
      severity: 'error',
      at: hostPlace(host, 'addresses', network),
      message: `${host.name} stands in the physical network "${network}" by no port`,
      help: 'name the port, e.g. port: eno1',
      onKey: true,
    }))
}

function doubled(lab: Lab, host: Host): readonly Finding[] {
  const links = Object.values(host.addresses).flatMap((attachment) => linkOf(lab, attachment))
  const uses = links.flatMap((link) =>
    [link.name, ...(link.physical && link.bridge !== null ? link.bridge.ports : [])].map((name) => ({
      name,
      network: link.network,
    })),
  )
  return uses.flatMap(({ name, network }, index): Finding[] => {
    const other = uses.slice(0, index).find((use) => use.name === name)
    if (other === undefined) return []
    return [
      {
        rule: 'interface-taken',
        severity: 'error',
        at: hostPlace(host, 'addresses', network),
        message: `${name} of ${host.name} is in network "${other.network}" already`,
        help: `give "${network}" a bridge or a port of its own`,
        onKey: true,
      },
    ]
  })
}

function routes(host: Host): readonly Finding[] {
  const gateways = Object.values(host.addresses).flatMap(({ network, gateways: ips }) =>
    ips.map((ip) => ({ network, ip })),
  )
  return gateways.flatMap(({ network, ip }, index): Finding[] => {
    const other = gateways.slice(0, index).find((one) => one.ip.includes(':') === ip.includes(':'))
    if (other === undefined) return []
    return [
      {
        rule: 'two-default-routes',
        severity: 'error',
        at: hostPlace(host, 'addresses', network, 'gateway'),
        message: `${ip} is a second default route of ${host.name}; ${other.ip} in "${other.network}" is the first`,
        help: 'keep one gateway per family',
      },
    ]
  })
}
