/** Names in a service's file that stand for nothing in the lab. */
import { builtinGroups, unknownHosts, type Lab, type Place } from './lab.ts'
import { mistake, mistakenKey } from './mistake.ts'
import { remedyForName } from './nearest.ts'
import type { Finding } from './renderer.ts'

/** The name of a network that there is not. */
export function unknownNetwork(lab: Lab, name: string, at: Place): Finding {
  const help = remedyForName(name, Object.keys(lab.networks), 'network in networks.yaml')
  return mistake('unknown-network', at, `there is no network "${name}"`, help)
}

/** The name of a host that there is not, as a key. `known`: the hosts that may stand there. */
export function unknownHost(known: readonly string[], name: string, at: Place): Finding {
  return mistakenKey('unknown-host', at, `there is no host "${name}"`, remedyForName(name, known, 'host'))
}

/** Of a list of hosts and groups at a place, the entries that stand for no host. */
export function unknownMembers(lab: Lab, names: readonly string[], at: Place): readonly Finding[] {
  const hosts = Object.values(lab.hosts)
  const known = [...builtinGroups, ...hosts.map(({ name }) => name), ...hosts.flatMap(({ tags }) => tags)]
  return unknownHosts(lab, names).map((name) => {
    const entry = { ...at, path: [...at.path, names.indexOf(name)] }
    return mistake('unknown-host', entry, `there is no host and no group "${name}"`, remedyForName(name, known, 'host'))
  })
}
