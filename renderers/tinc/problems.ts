import {
  hostPlace,
  mistake,
  mistakenKey,
  networkPlace,
  serviceOf,
  servicePlace,
  type Finding,
  type Lab,
} from '../renderer.ts'
import { nearest, remedyForName } from '../nearest.ts'
import { unknownNetwork } from '../unknown-name.ts'
import { nodesOf, type TincNetwork, type TincService } from './settings.ts'
import { reserved, variables } from './variables.ts'

/** Networks that are not there or nobody carries, ports used twice, options that tinc does not know. */
export function problems(lab: Lab): readonly Finding[] {
  const service = serviceOf<TincService>(lab, 'tinc')
  if (service === null) return uncarried(lab, [])
  const networks = Object.entries(service.networks)
  return [
    ...ways(lab, service),
    ...networks.flatMap(([name, network]) => [
      ...carriers(lab, name),
      ...(lab.networks[name]?.carrier === 'tinc' ? members(lab, name, network.over ?? service.over) : []),
      ...ports(service, name),
      ...options(name, network),
    ]),
    ...uncarried(lab, Object.keys(service.networks)),
  ]
}

/** The networks that VPNs run over, each where it is written. */
function ways(lab: Lab, service: TincService): readonly Finding[] {
  const own = Object.entries(service.networks).map(([name, { over }]) => ({
    over,
    at: servicePlace('tinc', 'networks', name, 'over'),
  }))
  return [{ over: service.over, at: servicePlace('tinc', 'over') }, ...own].flatMap(({ over, at }) => {
    if (over === undefined) return []
    const network = lab.networks[over]
    if (network === undefined) return [unknownNetwork(lab, over, at)]
    if (network.carrier !== 'tinc') return []
    return [mistake('vpn-over-vpn', at, `"${over}" is a tinc VPN itself`, 'let the VPN run over a physical network')]
  })
}

function carriers(lab: Lab, name: string): readonly Finding[] {
  const at = servicePlace('tinc', 'networks', name)
  const carrier = lab.networks[name]?.carrier
  if (carrier === 'tinc') return []
  if (carrier === undefined) {
    const help = remedyForName(name, vpns(lab), 'network with "carrier: tinc" in networks.yaml')
    return [mistakenKey('unknown-network', at, `there is no network "${name}"`, help)]
  }
  const help = `set its carrier to tinc in networks.yaml, or take "${name}" out here`
  return [mistakenKey('not-a-vpn', at, `network "${name}" is carried by ${carrier}, not by tinc`, help)]
}

function vpns(lab: Lab): readonly string[] {
  const carried = Object.values(lab.networks).filter(({ carrier }) => carrier === 'tinc')
  return carried.map(({ name }) => name)
}

function members(lab: Lab, name: string, over: string): readonly Finding[] {
  // That there is no such network is said where it is named.
  if (lab.networks[over] === undefined) return []
  const unreachable = nodesOf(lab, name).filter((node) => (node.addresses[over]?.addresses.length ?? 0) === 0)
  return unreachable.map((node) => {
    const message = `${node.name} is in the VPN "${name}" and has no address in "${over}", where its peers look for it`
    return mistake(
      'no-way-to-peer',
      hostPlace(node, 'addresses', name),
      message,
      `give ${node.name} an address in "${over}"`,
    )
  })
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
  return [mistake('port-taken', at, `port ${port} is the one of "${other}" already`, `take a free one, e.g. ${free}`)]
}

function options(name: string, network: TincNetwork): readonly Finding[] {
  return Object.keys(network.options ?? {}).flatMap((option) => {
    const at = servicePlace('tinc', 'networks', name, 'options', option)
    const why = Object.hasOwn(reserved, option) ? reserved[option] : undefined
    if (why !== undefined)
      return [mistakenKey('tinc-option-reserved', at, `"${option}" cannot be set: ${why}`, 'take it out')]
    if (variables.includes(option)) return []
    const help = remedyForName(option, [...variables, ...Object.keys(reserved)], 'variable')
    return [
      mistakenKey(
        'unknown-tinc-option',
        at,
        `"${option}" is no variable of tinc.conf; tinc would ignore it silently`,
        help,
      ),
    ]
  })
}

function uncarried(lab: Lab, named: readonly string[]): readonly Finding[] {
  // A misspelt name is one mistake, where it is written.
  const meant = named.filter((name) => lab.networks[name] === undefined).map((name) => nearest(name, vpns(lab)))
  return vpns(lab)
    .filter((name) => !named.includes(name) && !meant.includes(name))
    .map((name) => {
      const message = `network "${name}" is carried by tinc, and services/tinc.yaml does not name it`
      const help = `add "${name}" with a port of its own to services/tinc.yaml`
      return mistake('network-not-carried', networkPlace(name, 'carrier'), message, help)
    })
}
