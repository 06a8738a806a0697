import {
  doubt,
  hostPlace,
  mistake,
  mistakenKey,
  movingAddresses,
  movingPlace,
  serviceOf,
  servicePlace,
  type Finding,
  type Lab,
} from '../renderer.ts'
import { remedyForName } from '../nearest.ts'
import { unknownHost, unknownNetwork } from '../unknown-name.ts'
import { addressIn, heldBy, isWhole, type KeepalivedService, type Router } from './settings.ts'

/** Routers that would not find each other, would fight, or would be slow to take over. */
export function problems(lab: Lab): readonly Finding[] {
  const service = serviceOf<KeepalivedService>(lab, 'keepalived')
  if (service === null) return []
  const routers = Object.entries(service.routers)
  return [
    ...routers.flatMap(([name, router]) => [
      ...virtual(lab, name, router),
      ...members(lab, name, router),
      ...priorities(name, router),
      ...password(name, router),
    ]),
    ...ids(routers),
    ...unheld(lab, routers),
  ]
}

function virtual(lab: Lab, name: string, router: Router): readonly Finding[] {
  const at = servicePlace('keepalived', 'routers', name, 'network')
  const network = lab.networks[router.network]
  if (network === undefined) return [unknownNetwork(lab, router.network, at)]
  if (movingAddresses(network, heldBy(router)).length > 0) return []
  if (heldBy(router) !== 'router') {
    const help = remedyForName(heldBy(router), Object.keys(network.virtual ?? {}), inNetworks)
    const place = servicePlace('keepalived', 'routers', name, 'address')
    const what = `network "${network.name}" has no virtual address "${heldBy(router)}"`
    return [mistake('unknown-virtual-address', place, what, help)]
  }
  const message = `network "${router.network}" has no address for its virtual router`
  return [
    mistake(
      'no-virtual-address',
      at,
      message,
      `add "router:" with a free address to "${router.network}" in networks.yaml`,
    ),
  ]
}

function members(lab: Lab, name: string, router: Router): readonly Finding[] {
  const network = lab.networks[router.network]
  if (network === undefined) return []
  const families = [...new Set(movingAddresses(network, heldBy(router)).map((ip): 4 | 6 => (ip.includes(':') ? 6 : 4)))]
  return Object.keys(router.priorities).flatMap((member) => {
    const at = servicePlace('keepalived', 'routers', name, 'priorities', member)
    const host = lab.hosts[member]
    if (host === undefined) return [unknownHost(Object.keys(lab.hosts), member, at)]
    if (host.kind === 'guest' && heldBy(router) === 'router') {
      return [mistakenKey('router-is-a-guest', at, `${member} is a guest; routers are nodes`, 'name a node')]
    }
    return families
      .filter((family) => addressIn(host, router.network, family) === null)
      .map((family) =>
        mistakenKey(
          'router-without-address',
          hostPlace(host, 'addresses'),
          `${member} ${heldBy(router) === 'router' ? 'is a router' : `may hold "${heldBy(router)}"`} of "${router.network}" and has no IPv${family} address there to speak from`,
          `give ${member} an IPv${family} address in "${router.network}"`,
        ),
      )
  })
}

function priorities(name: string, router: Router): readonly Finding[] {
  const all = Object.entries(router.priorities)
  const twice = all.flatMap(([member, priority], index) => {
    const other = all.slice(0, index).find(([, one]) => one === priority)
    if (other === undefined) return []
    const at = servicePlace('keepalived', 'routers', name, 'priorities', member)
    return [
      mistake(
        'priority-taken',
        at,
        `priority ${priority} of ${member} is the one of ${other[0]} already`,
        'give every router a priority of its own',
      ),
    ]
  })
  const backup = all.map(([, priority]) => priority).toSorted((a, b) => b - a)[1]
  if (backup === undefined) return twice
  const skew = ((256 - backup) / 256) * (router.interval ?? 1)
  if (skew <= 0.3) return twice
  const at = servicePlace('keepalived', 'routers', name, 'priorities')
  const message = `the best backup has priority ${backup}, so it waits ${skew.toFixed(2)} s longer than it has to when the master stops`
  const help = 'take high priorities close together, e.g. 250, 230, 210, or a shorter interval'
  return [...twice, doubt('slow-takeover', at, message, help)]
}

function password(name: string, router: Router): readonly Finding[] {
  if (router.password !== true || isWhole(router)) return []
  return [
    mistake(
      'password-needs-whole-seconds',
      servicePlace('keepalived', 'routers', name, 'interval'),
      `an interval of ${router.interval} s needs VRRP version 3, which has no passwords`,
      'take whole seconds, or leave out the password',
    ),
  ]
}

const inNetworks = 'name under "virtual:" in networks.yaml'

/** Two of them would both hold the addresses. */
function merge(router: Router): string {
  return heldBy(router) === 'router' ? 'merge the two: a network has one virtual router' : 'merge the two'
}

function ids(routers: readonly (readonly [string, Router])[]): readonly Finding[] {
  return routers.flatMap(([name, router], index) => {
    const other = routers.slice(0, index).find(([, one]) => one.network === router.network && one.id === router.id)
    const same = routers
      .slice(0, index)
      .find(([, one]) => one.network === router.network && heldBy(one) === heldBy(router))
    if (other !== undefined) {
      const at = servicePlace('keepalived', 'routers', name, 'id')
      return [
        mistake(
          'router-id-taken',
          at,
          `virtual router id ${router.id} is the one of "${other[0]}" in network "${router.network}" already`,
          heldBy(router) === heldBy(other[1])
            ? merge(router)
            : 'take another id: hosts that hear each other take them for one',
        ),
      ]
    }
    if (same === undefined) return []
    const at = servicePlace('keepalived', 'routers', name, 'network')
    const what = heldBy(router) === 'router' ? 'is the virtual router' : `holds "${heldBy(router)}"`
    return [mistake('two-routers', at, `"${same[0]}" ${what} of network "${router.network}" already`, merge(router))]
  })
}

function unheld(lab: Lab, routers: readonly (readonly [string, Router])[]): readonly Finding[] {
  return Object.values(lab.networks).flatMap((network) =>
    Object.keys(network.virtual ?? {})
      .filter((name) => !routers.some(([, one]) => one.network === network.name && heldBy(one) === name))
      .map((name) => {
        const message = `nobody holds the virtual address "${name}" of "${network.name}"`
        const help = 'add it to the routers in services/keepalived.yaml, or take it out'
        return { ...doubt('virtual-address-unheld', movingPlace(network.name, name), message, help), onKey: true }
      }),
  )
}
