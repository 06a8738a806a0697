import { isDeepStrictEqual } from 'node:util'
import type { Effect, Id, PerHost, Transition } from '../renderer.ts'
import { away, meet, reload, restart } from './effects.ts'
import { keyChange } from './key-change.ts'
import type { Peer, TincSettings, Vpn } from './settings.ts'

/** Rolling, unless two hosts or more become reachable elsewhere: then the changed ones and the others would look for each other in vain. */
export function transition(
  before: PerHost<TincSettings>,
  after: PerHost<TincSettings>,
  secrets: ReadonlySet<Id> = new Set(),
): Transition {
  for (const network of networksOf(after)) {
    const moved = movedHosts(before, after, network)
    if (moved.length > 1) return refusal(network, moved)
  }
  const keyed = keyChange(before, after, secrets)
  if (keyed !== null) return keyed
  const effects = Object.entries(after).map(([host, { vpns }]) => {
    const told = Object.values(vpns).flatMap((vpn): [string, Effect][] => {
      const old = before[host]?.vpns[vpn.network]
      const effect = effectOf(host, old, vpn)
      if (effect === null) return []
      // Whoever is no peer any more is cut off by it: whatever it takes part in has to be over before.
      const cut = (old?.peers ?? []).filter((peer) => !after[peer.host]?.vpns[vpn.network])
      const interrupts = [...effect.interrupts, ...cut.flatMap((peer) => away(peer.host, vpn))]
      return [[`tinc.${vpn.network}`, { ...effect, interrupts }]]
    })
    return [host, Object.fromEntries(told)] as const
  })
  return {
    kind: 'rolling',
    effects: Object.fromEntries(effects.filter(([, told]) => Object.keys(told).length > 0)),
  }
}

/** What one host's daemon has to be told; null where its settings are as before. */
function effectOf(host: string, before: Vpn | undefined, after: Vpn): Effect | null {
  if (before === undefined) return restart(host, after)
  if (isDeepStrictEqual(before, after)) return null
  // Whom it looks for is read anew at a reload, and connections that are there stay (measured: no ping of 200 lost on any way).
  const own = (vpn: Vpn) => ({ ...vpn, peers: [], connectTo: [] })
  if (!isDeepStrictEqual(own(before), own(after))) return restart(host, after)
  const asBefore = (old: Peer) => after.peers.some((peer) => isDeepStrictEqual(old, peer))
  return before.peers.every(asBefore) ? meet(host, after) : reload(host, after)
}

/** Hosts, there before and after, that others have to look for at another address or port. */
function movedHosts(before: PerHost<TincSettings>, after: PerHost<TincSettings>, network: string): readonly string[] {
  return Object.keys(after).filter((host) => {
    const old = before[host]?.vpns[network]
    const now = after[host]?.vpns[network]
    if (old === undefined || now === undefined) return false
    const lost = old.self.endpoints.filter((ip) => !now.self.endpoints.includes(ip))
    return old.port !== now.port || old.self.name !== now.self.name || lost.length > 0
  })
}

function refusal(network: string, hosts: readonly string[]): Transition {
  return {
    kind: 'refuse',
    why: `${hosts.join(' and ')} change their address, port or name in the VPN "${network}" at the same time; a host with the new files and one with the old look for each other in the wrong place, so the VPN falls apart while it is changed host by host`,
    manual: `Change one host's address at a time, each in a commit of its own. A port is the same on every host: to change it, disarm HA and accept that "${network}" is down; then copy the new files to all hosts (quorate render --out DIR) and run on each: systemctl restart tinc@${network}.service; then deploy --adopt.`,
  }
}

function networksOf(all: PerHost<TincSettings>): readonly string[] {
  return [...new Set(Object.values(all).flatMap(({ vpns }) => Object.keys(vpns)))].toSorted()
}
