/** Where instances listen: that they can, and that nobody else does. */
import {
  hostPlace,
  mistake,
  mistakenKey,
  movingAddresses,
  servicePlace,
  type Finding,
  type Host,
  type Lab,
  type Place,
} from '../renderer.ts'
import { remedyForName } from '../nearest.ts'
import { unknownNetwork } from '../unknown-name.ts'
import { metricsPort, type HaproxyService, type Listen } from './definition.ts'
import { instancesOf, socketsOf, socketText } from './settings.ts'

/** Of networks, addresses and ports that are listened at. */
export function listening(lab: Lab, service: HaproxyService): readonly Finding[] {
  const all = placedListens(service)
  const instances = instancesOf(lab, service)
  return [
    ...all.flatMap((one) => there(lab, instances, one)),
    ...all.flatMap((one) => takenPort(lab, instances, one) ?? []),
    ...all.flatMap((one, index) => twice(lab, instances, one, all.slice(0, index))),
  ]
}

interface Placed {
  readonly listen: Listen
  /** The frontend's name, or "metrics". */
  readonly what: string
  readonly at: Place
  readonly port: Place
}

function placedListens({ frontends, metrics }: HaproxyService): readonly Placed[] {
  const all = Object.entries(frontends).flatMap(([name, { listen }]) =>
    listen.map((one, index) => {
      const path = ['frontends', name, 'listen', index]
      return {
        listen: one,
        what: `"${name}"`,
        at: servicePlace('haproxy', ...path),
        port: servicePlace('haproxy', ...path, 'port'),
      }
    }),
  )
  if (metrics === undefined) return all
  const at = servicePlace('haproxy', 'metrics')
  const port = metrics.port === undefined ? at : servicePlace('haproxy', 'metrics', 'port')
  return [...all, { listen: { port: metricsPort, ...metrics }, what: 'the metrics', at, port }]
}

function there(lab: Lab, instances: readonly Host[], { listen, at }: Placed): readonly Finding[] {
  const network = lab.networks[listen.network]
  if (network === undefined) return [unknownNetwork(lab, listen.network, { ...at, path: [...at.path, 'network'] })]
  const { address = 'own' } = listen
  const place = { ...at, path: [...at.path, 'address'] }
  if (address !== 'own' && address !== 'router' && network.virtual?.[address] === undefined) {
    const known = ['own', 'router', ...Object.keys(network.virtual ?? {})]
    const help = remedyForName(address, known, 'address')
    const message = `network "${network.name}" has no virtual address "${address}"`
    return [mistake('unknown-virtual-address', place, message, help)]
  }
  if (address === 'router' && movingAddresses(network, address).length === 0) {
    const message = `network "${network.name}" has no address of a virtual router to listen at`
    const help = `add "router:" with a free address to "${network.name}" in networks.yaml, or listen at the hosts' own addresses`
    return [mistake('no-virtual-address', place, message, help)]
  }
  const guest = address === 'router' ? instances.find(({ kind }) => kind === 'guest') : undefined
  if (guest !== undefined) {
    const message = `the virtual router of "${network.name}" is on one of the nodes, never on ${guest.name}, which is a guest`
    const help = 'run HAProxy on nodes, or give it an address of its own under "virtual:" in networks.yaml'
    return [mistake('router-elsewhere', place, message, help)]
  }
  return instances
    .filter((host) => (host.addresses[network.name]?.addresses ?? []).length === 0)
    .map((host) => {
      const message = `${host.name} runs HAProxy for clients in "${network.name}" and has no address there`
      const help = `give ${host.name} an address in "${network.name}"`
      return mistakenKey('instance-without-address', hostPlace(host, 'addresses'), message, help)
    })
}

/** What sits at all addresses of a host, with no regard for HAProxy, which could not start there. */
function takenPort(lab: Lab, instances: readonly Host[], { listen, port }: Placed): Finding | null {
  const { management } = lab
  const ssh = [management.port, ...(management.otherPorts ?? [])]
  const host = instances.find(({ kind, platform }) => kind === 'node' && platform === 'proxmox')
  const proxmox = host === undefined ? undefined : proxmoxPorts[listen.port]
  const owner = ssh.includes(listen.port) ? 'sshd, by which the deployer comes in,' : proxmox
  if (owner === undefined) return null
  const where = ssh.includes(listen.port) ? 'every host' : (host?.name ?? '')
  const message = `on ${where} ${owner} listens at port ${listen.port} of all addresses`
  return mistake('port-in-use', port, message, 'take another port, or run HAProxy on other hosts')
}

/** The admin guide of Proxmox VE, "Ports used by Proxmox VE". */
const proxmoxPorts: Readonly<Record<number, string>> = { 111: 'rpcbind', 3128: 'spiceproxy', 8006: 'pveproxy' }

/** HAProxy shares its ports between sockets (SO_REUSEPORT): two at one place both get some of what comes in, and `-c` finds nothing. */
function twice(lab: Lab, instances: readonly Host[], one: Placed, before: readonly Placed[]): readonly Finding[] {
  for (const host of instances) {
    for (const text of socketsOf(lab, host, one.listen).map(socketText)) {
      const other = before.find(({ listen }) => socketsOf(lab, host, listen).some((each) => socketText(each) === text))
      if (other === undefined) continue
      const message = `${other.what} listens at ${text} already: each would get some of what comes in`
      return [mistake('port-taken', one.port, message, 'take another port; one frontend can lead to several backends')]
    }
  }
  return []
}
