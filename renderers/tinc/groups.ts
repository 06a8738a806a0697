import { netId, type Group, type Member, type PerHost, type Probe } from '../renderer.ts'
import { unitActive } from '../unit-active.ts'
import { memberId, unitOf } from './effects.ts'
import type { TincSettings, Vpn } from './settings.ts'

/** A pool per VPN: one host may be away, or the others might be left with no way between them. */
export function groups(all: PerHost<TincSettings>): readonly Group[] {
  const networks = new Map<string, Member[]>()
  for (const [host, { vpns }] of Object.entries(all)) {
    for (const [network, vpn] of Object.entries(vpns)) {
      const members = networks.get(network) ?? []
      members.push(member(host, vpn))
      networks.set(network, members)
    }
  }
  const sorted = [...networks].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return sorted.map(([network, members]) => {
    return { id: `tinc.${network}`, kind: 'pool', minimum: members.length - 1, soakSeconds: 5, members, agree: [] }
  })
}

function member(host: string, vpn: Vpn): Member {
  const bridge = vpn.bridge === null ? [] : [[`bridge:${vpn.bridge}@${host}`]]
  return {
    id: memberId(host, vpn),
    host,
    votes: 1,
    needs: [[netId(vpn.over, host)], ...bridge],
    provides: [netId(vpn.network, host)],
    up: [unitActive(unitOf(vpn), 10), ...attached(vpn), ...pings(vpn)],
  }
}

function attached(vpn: Vpn): readonly Probe[] {
  return vpn.bridge === null ? [] : [portOf(vpn.interface, vpn.bridge)]
}

/** The interface is a port of the bridge: it is not any more after an ifreload that did not condone it. */
export function portOf(interfaceName: string, bridge: string): Probe {
  return {
    title: `${interfaceName} is a port of ${bridge}`,
    run: ['bridge', 'link', 'show', 'dev', interfaceName],
    exit: [0],
    stdout: String.raw`\smaster ${bridge.replaceAll('.', String.raw`\.`)}\s`,
    withinSeconds: 10,
  }
}

function pings(vpn: Vpn): readonly Probe[] {
  return vpn.peers.flatMap((peer) => {
    const ip = peer.addresses[0]?.ip
    if (ip === undefined) return []
    return [
      {
        title: `${vpn.self.host} reaches ${peer.host} (${ip}) through ${vpn.network}`,
        run: ['ping', '-c', '1', '-W', '2', ip],
        exit: [0],
        withinSeconds: 20,
        peers: [peer.host],
      },
    ]
  })
}
