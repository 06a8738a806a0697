import { hostPlace, networkPlace, serviceOf, servicePlace, type Finding, type Lab } from '../renderer.ts'
import { suggestion } from '../suggestion.ts'
import { tincName } from './name.ts'
import { nodesOf, type TincNetwork, type TincService } from './settings.ts'
import { reserved, variables } from './variables.ts'

/** Networks that are not there or nobody carries, ports used twice, names that become one, options that tinc does not know. */
export function problems(lab: Lab): readonly Finding[] {
  const service = serviceOf<TincService>(lab, 'tinc')
  if (service === null) return uncarried(lab, [])
  const networks = Object.entries(service.networks)
  return [
    ...networks.flatMap(([name, network]) => [
      ...carriers(lab, service, name, network),
      ...(lab.networks[name]?.carrier === 'tinc' ? members(lab, service, name, network) : []),
      ...ports(service, name),
      ...options(name, network),
    ]),
    ...uncarried(lab, Object.keys(service.networks)),
    ...names(lab, Object.keys(service.networks)),
  ]
}

function carriers(lab: Lab, service: TincService, name: string, network: TincNetwork): readonly Finding[] {
  const at = servicePlace('tinc', 'networks', name)
  const found: Finding[] = []
  const carrier = lab.networks[name]?.carrier
  const vpns = Object.values(lab.networks).filter((one) => one.carrier === 'tinc')
  if (carrier === undefined) {
    const help = suggestion(
      name,
      vpns.map((one) => one.name),
    )
    found.push(error('unknown-network', at, `"${name}" is no network of this lab`, help, true))
  } else if (carrier !== 'tinc') {
    const help = `set its carrier to tinc in networks.yaml, or take "${name}" out here`
    found.push(error('not-a-vpn', at, `network "${name}" is carried by ${carrier}, not by tinc`, help, true))
  }
  const over = network.over ?? service.over
  const overAt =
    network.over === undefined ? servicePlace('tinc', 'over') : servicePlace('tinc', 'networks', name, 'over')
  const below = lab.networks[over]
  if (below === undefined) {
    found.push(
      error(
        'unknown-network',
        overAt,
        `"${over}" is no network of this lab`,
        suggestion(over, Object.keys(lab.networks)),
      ),
    )
  } else if (below.carrier === 'tinc') {
    found.push(
      error('vpn-over-vpn', overAt, `"${over}" is a tinc VPN itself`, 'let the VPN run over a physical network'),
    )
  }
  return found
}

function members(lab: Lab, service: TincService, name: string, network: TincNetwork): readonly Finding[] {
  const over = network.over ?? service.over
  const nodes = nodesOf(lab, name)
  const unreachable = nodes.filter((node) => (node.addresses[over]?.addresses.length ?? 0) === 0)
  const bridge = lab.networks[name]?.bridge ?? null
  const guests = Object.values(lab.hosts).filter((host) => host.kind === 'guest' && host.addresses[name] !== undefined)
  return [
    ...unreachable.map((node) =>
      error(
        'no-way-to-peer',
        hostPlace(node, 'addresses', name),
        `${node.name} is in the VPN "${name}" and has no address in "${over}", where its peers look for it`,
        `give ${node.name} an address in "${over}"`,
      ),
    ),
    ...(bridge === null ? guests : []).map((guest) =>
      error(
        'guest-without-bridge',
        hostPlace(guest, 'addresses', name),
        `${guest.name} is a guest in "${name}", which has no bridge to hang it on`,
        `give "${name}" a bridge in networks.yaml`,
      ),
    ),
  ]
}

function ports(service: TincService, name: string): readonly Finding[] {
  const all = Object.keys(service.networks)
  const port = service.networks[name]?.port
  const other = all.slice(0, all.indexOf(name)).find((one) => service.networks[one]?.port === port)
  if (other === undefined) return []
  const taken = new Set(all.map((one) => service.networks[one]?.port))
  let free = 655
  while (taken.has(free)) free++
  const at = servicePlace('tinc', 'networks', name, 'port')
  return [error('port-taken', at, `port ${port} is the one of "${other}" already`, `take a free one, e.g. ${free}`)]
}

function options(name: string, network: TincNetwork): readonly Finding[] {
  return Object.keys(network.options ?? {}).flatMap((option) => {
    const at = servicePlace('tinc', 'networks', name, 'options', option)
    const why = Object.hasOwn(reserved, option) ? reserved[option] : undefined
    if (why !== undefined)
      return [error('tinc-option-reserved', at, `"${option}" cannot be set: ${why}`, 'take it out', true)]
    if (variables.includes(option)) return []
    const help = suggestion(option, [...variables, ...Object.keys(reserved)])
    return [
      error(
        'unknown-tinc-option',
        at,
        `"${option}" is no variable of tinc.conf; tinc would ignore it silently`,
        help,
        true,
      ),
    ]
  })
}

function uncarried(lab: Lab, carried: readonly string[]): readonly Finding[] {
  return Object.values(lab.networks)
    .filter((network) => network.carrier === 'tinc' && !carried.includes(network.name))
    .map((network) =>
      error(
        'network-not-carried',
        networkPlace(network.name, 'carrier'),
        `network "${network.name}" is carried by tinc, and services/tinc.yaml does not name it`,
        `add "${network.name}" with a port of its own to services/tinc.yaml`,
      ),
    )
}

function names(lab: Lab, networks: readonly string[]): readonly Finding[] {
  const nodes = Object.values(lab.hosts).filter((host) => networks.some((name) => nodesOf(lab, name).includes(host)))
  return nodes.flatMap((node, index) => {
    const other = nodes.slice(0, index).find((one) => tincName(one.name) === tincName(node.name))
    if (other === undefined) return []
    const message = `${node.name} and ${other.name} are both "${tincName(node.name)}" to tinc, which knows letters, digits and "_" only`
    return [error('tinc-name-taken', hostPlace(node), message, 'rename one of the hosts')]
  })
}

function error(rule: string, at: Finding['at'], message: string, help: string, onKey = false): Finding {
  return { rule, severity: 'error', at, message, help, ...(onKey ? { onKey } : {}) }
}
