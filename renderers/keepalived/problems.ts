import { hostPlace, networkPlace, serviceOf, servicePlace, type Finding, type Lab } from '../renderer.ts'
import { subnetOf } from '../subnet.ts'
import { suggestion } from '../suggestion.ts'
import { addressIn, isWhole, type KeepalivedService, type Router } from './settings.ts'

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
  ]
}

function virtual(lab: Lab, name: string, router: Router): readonly Finding[] {
  const at = servicePlace('keepalived', 'routers', name, 'network')
  const network = lab.networks[router.network]
  if (network === undefined) {
    return [
      error(
        'unknown-network',
        at,
        `"${router.network}" is no network of this lab`,
        suggestion(router.network, Object.keys(lab.networks)),
      ),
    ]
  }
  if (network.router.length === 0) {
    return [
      error(
        'no-virtual-address',
        at,
        `network "${router.network}" has no virtual router's address`,
        `give it one in networks.yaml, e.g. router: ADDRESS`,
      ),
    ]
  }
  return network.router
    .filter((ip) => subnetOf(ip, network.subnets) === null)
    .map((ip) =>
      error(
        'address-outside-network',
        networkPlace(router.network, 'router'),
        `${ip} is not in network "${router.network}" (${network.subnets.join(', ')})`,
        'take an address of the network',
      ),
    )
}

function members(lab: Lab, name: string, router: Router): readonly Finding[] {
  const network = lab.networks[router.network]
  if (network === undefined) return []
  const families = [...new Set(network.router.map((ip): 4 | 6 => (ip.includes(':') ? 6 : 4)))]
  return Object.keys(router.priorities).flatMap((member) => {
    const at = servicePlace('keepalived', 'routers', name, 'priorities', member)
    const host = lab.hosts[member]
    if (host === undefined) {
      return [
        error(
          'unknown-host',
          at,
          `"${member}" is no host of this lab`,
          suggestion(member, Object.keys(lab.hosts)),
          true,
        ),
      ]
    }
    if (host.kind === 'guest') {
      return [error('router-is-a-guest', at, `${member} is a guest; routers are nodes`, 'name a node', true)]
    }
    return families
      .filter((family) => addressIn(host, router.network, family) === null)
      .map((family) =>
        error(
          'router-without-address',
          hostPlace(host, 'addresses'),
          `${member} is a router of "${router.network}" and has no IPv${family} address there to speak from`,
          `give ${member} an IPv${family} address in "${router.network}"`,
          true,
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
      error(
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
  return [
    ...twice,
    {
      ...error(
        'slow-takeover',
        servicePlace('keepalived', 'routers', name, 'priorities'),
        `the best backup has priority ${backup}, so it waits ${skew.toFixed(2)} s longer than it has to when the master stops`,
        'take high priorities close together, e.g. 250, 230, 210, or a shorter interval',
        true,
      ),
      severity: 'warning',
    },
  ]
}

function password(name: string, router: Router): readonly Finding[] {
  if (router.password !== true || isWhole(router)) return []
  return [
    error(
      'password-needs-whole-seconds',
      servicePlace('keepalived', 'routers', name, 'interval'),
      `an interval of ${router.interval} s needs VRRP version 3, which has no passwords`,
      'take whole seconds, or leave out the password',
    ),
  ]
}

function ids(routers: readonly (readonly [string, Router])[]): readonly Finding[] {
  return routers.flatMap(([name, router], index) => {
    const other = routers.slice(0, index).find(([, one]) => one.network === router.network && one.id === router.id)
    const same = routers.slice(0, index).find(([, one]) => one.network === router.network)
    if (other !== undefined) {
      const at = servicePlace('keepalived', 'routers', name, 'id')
      return [
        error(
          'router-id-taken',
          at,
          `virtual router id ${router.id} is the one of "${other[0]}" in network "${router.network}" already`,
          'take another, 1–255',
        ),
      ]
    }
    if (same === undefined) return []
    const at = servicePlace('keepalived', 'routers', name, 'network')
    return [
      error(
        'two-routers',
        at,
        `"${same[0]}" is the virtual router of network "${router.network}" already`,
        'merge the two',
      ),
    ]
  })
}

function error(rule: string, at: Finding['at'], message: string, help: string, onKey = false): Finding {
  return { rule, severity: 'error', at, message, help, ...(onKey ? { onKey } : {}) }
}
