/** Guests hang on their node: they run where it is, on bridges that it has. */
import { hostPlace, type Host } from '../../../../renderers/lab.ts'
import type { Finding } from '../../../../renderers/renderer.ts'
import { mistake, mistakenKey } from '../../../../renderers/mistake.ts'
import { isUnsureNetwork, type Draft } from '../draft.ts'
import { remedyForName } from '../../../../renderers/nearest.ts'
import { shown } from '../shown.ts'

/** The home node exists, stands in the guest's networks, and these have a bridge. */
export function guestsFit(draft: Draft): readonly Finding[] {
  const { lab, unsure } = draft
  const nodes = Object.values(lab.hosts).filter(({ kind }) => kind === 'node')
  return Object.values(lab.hosts).flatMap((guest) => {
    if (guest.guest === null) return []
    const home = nodes.find(({ name }) => name === guest.guest!.node)
    if (home !== undefined) return feetFit(draft, guest, home)
    if (unsure.hosts.has(guest.guest.node)) return feetFit(draft, guest, null)
    const help = remedyForName(guest.guest.node, [...nodes.map(({ name }) => name), ...unsure.hosts], 'node')
    return [mistake('unknown-node', hostPlace(guest, 'node'), `there is no node ${shown(guest.guest.node)}`, help)]
  })
}

function feetFit({ lab, unsure }: Draft, guest: Host, home: Host | null): readonly Finding[] {
  return Object.keys(guest.addresses).flatMap((name) => {
    const at = hostPlace(guest, 'addresses', name)
    if (home !== null && !Object.hasOwn(home.addresses, name) && !isUnsureNetwork(unsure, name)) {
      const message = `"${guest.name}" is to stand in network "${name}", but its node "${home.name}" does not`
      const help = `give "${home.name}" an address in "${name}" (nodes/${home.name}.yaml), or choose one of ${Object.keys(home.addresses).join(', ')}`
      return [mistakenKey('guest-network', at, message, help)]
    }
    if (lab.networks[name]!.bridge !== null) return []
    const help = `give "${name}" a bridge in networks.yaml, for example "bridge: vmbr9"`
    return [
      mistakenKey('guest-without-bridge', at, `the network "${name}" has no bridge that a guest could hang on`, help),
    ]
  })
}
