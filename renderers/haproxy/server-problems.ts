/** Servers that cannot be spoken to, or that are the instances themselves. */
import { hostPlace, mistake, mistakenKey, servicePlace, type Finding, type Lab } from '../renderer.ts'
import { isAddress, subnetOf } from '../subnet.ts'
import { unknownHost, unknownNetwork } from '../unknown-name.ts'
import type { Backend, HaproxyService, Server } from './definition.ts'
import { instancesOf, serverIp, socketsOf, socketText } from './settings.ts'

/** Of all servers of all backends. */
export function servers(lab: Lab, service: HaproxyService): readonly Finding[] {
  const listened = instancesOf(lab, service).flatMap((host) =>
    Object.values(service.frontends).flatMap(({ listen }) =>
      listen.flatMap((one) => socketsOf(lab, host, one).map(socketText)),
    ),
  )
  return Object.entries(service.backends).flatMap(([name, backend]) => {
    if (lab.networks[backend.network] === undefined)
      return [unknownNetwork(lab, backend.network, servicePlace('haproxy', 'backends', name, 'network'))]
    const all = Object.entries(backend.servers)
    return all.flatMap(([server, one], index) => {
      const wrong = without(lab, name, backend, server, one)
      if (wrong !== null) return [wrong]
      return doubled(lab, name, backend, all.slice(0, index + 1), listened)
    })
  })
}

/** Why there is no address to speak to; null where there is one. */
function without(lab: Lab, name: string, backend: Backend, server: string, one: Server): Finding | null {
  const at = servicePlace('haproxy', 'backends', name, 'servers', server)
  const host = lab.hosts[server]
  if (one.address !== undefined) {
    const place = { ...at, path: [...at.path, 'address'] }
    if (host !== undefined) {
      const message = `${server} is a host of the lab, which knows its addresses`
      return mistakenKey('server-is-a-host', place, message, 'leave the address out, or choose another name')
    }
    const subnets = lab.networks[backend.network]?.subnets ?? []
    if (isAddress(one.address) && (subnets.length === 0 || subnetOf(one.address, subnets) !== null)) return null
    const message = `${one.address} is no address in network "${backend.network}" (${subnets.join(', ')})`
    return mistake('server-outside-network', place, message, 'write its address there, or name another network')
  }
  if (host === undefined) return unknownServer(lab, server, at)
  if (serverIp(lab, backend, server, one) !== null) return null
  const message = `${server} is a server in "${backend.network}" and has no address there`
  const help = `give ${server} an address in "${backend.network}"`
  return mistakenKey('server-without-address', hostPlace(host, 'addresses'), message, help)
}

function unknownServer(lab: Lab, server: string, at: Finding['at']): Finding {
  const finding = unknownHost(Object.keys(lab.hosts), server, at)
  return { ...finding, help: `give it an "address:" if it is no host of the lab; ${finding.help}` }
}

/** The last of these servers is one of the others, or an instance of HAProxy. */
function doubled(
  lab: Lab,
  name: string,
  backend: Backend,
  all: readonly (readonly [string, Server])[],
  listened: readonly string[],
): readonly Finding[] {
  const targets = all.map(([server, one]) =>
    socketText({ ip: serverIp(lab, backend, server, one) ?? '', port: one.port ?? backend.port }),
  )
  const [server = ''] = all.at(-1) ?? []
  const target = targets.at(-1) ?? ''
  const at = servicePlace('haproxy', 'backends', name, 'servers', server)
  if (listened.includes(target)) {
    const message = `${target} is where HAProxy itself listens: requests would go round in circles`
    return [mistakenKey('server-is-haproxy', at, message, 'write the port of the server behind it')]
  }
  const same = targets.indexOf(target)
  if (same === targets.length - 1) return []
  const message = `${target} is the server ${all[same]?.[0]} already`
  return [mistakenKey('server-twice', at, message, 'correct its address or port, or give one of the two more weight')]
}
