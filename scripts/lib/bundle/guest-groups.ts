/** Guests hang on their nodes: said as groups, so that the planner sees who loses its feet when a node or a carrier goes. */
import { netId, type Group, type Host, type Lab, type Member } from '../../../renderers/renderer.ts'
import { sharedNetworks } from './way.ts'

/** One group per guest, with a member for every network it has on its node. Nobody waits for it: its minimum is 0 and nothing is asked. */
export function guestGroups(lab: Lab): readonly Group[] {
  return Object.values(lab.hosts)
    .filter((host) => host.guest !== null)
    .map((guest) => ({
      id: `guest@${guest.name}`,
      kind: 'pool',
      minimum: 0,
      soakSeconds: 0,
      members: feet(lab, guest),
      agree: [],
    }))
}

function feet(lab: Lab, guest: Host): readonly Member[] {
  const node = guest.guest?.node ?? ''
  return sharedNetworks(lab, guest, node).map((network) => ({
    id: `guest.${network}@${guest.name}`,
    host: guest.name,
    votes: 1,
    needs: [[netId(network, node)]],
    provides: [netId(network, guest.name)],
    up: [],
  }))
}
