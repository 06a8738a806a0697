/** A host of a VPN gets another key: its private half stands on the host, the public one on all its peers. */
import { isDeepStrictEqual } from 'node:util'
import { quiet, type Id, type Move, type PerHost, type Transition } from '../renderer.ts'
import { restart } from './effects.ts'
import type { TincSettings, Vpn } from './settings.ts'

/** By what the key pair of a host is known among the lab's secrets. */
export function keyId(network: string, host: string): Id {
  return `tinc.${network}.${host}`
}

/**
 * Null where no key changes. `secrets`: those that have another value.
 *
 * tinc reads its own key when it starts, and a peer's whenever a connection is made (1.0.36, net_setup.c and protocol_auth.c). So the peers get the new
 * public half first, and are told nothing: their sessions with the host go on. Then the host gets the private half and restarts, and is away for
 * no longer than for any other restart. Before that, and after it was taken back, a connection that happens to be made is not let in.
 */
export function keyChange(
  before: PerHost<TincSettings>,
  after: PerHost<TincSettings>,
  secrets: ReadonlySet<Id>,
): Transition | null {
  const changed = Object.entries(after).flatMap(([host, { vpns }]) =>
    Object.values(vpns)
      .filter((vpn) => before[host]?.vpns[vpn.network] !== undefined && secrets.has(keyId(vpn.network, host)))
      .map((vpn) => ({ host, vpn })),
  )
  const [first, ...more] = changed
  if (first === undefined) return null
  if (more.length > 0) return refusal(`the keys of ${names(changed)} change at the same time`)
  if (!isDeepStrictEqual(before, after))
    return refusal(`the key of ${names(changed)} changes together with other settings of tinc`)
  return { kind: 'lockstep', moves: [move(first.host, first.vpn)] }
}

function move(host: string, vpn: Vpn): Move {
  const peers = vpn.peers.map((peer) => [peer.host, quiet] as const)
  return {
    part: `tinc.${vpn.network}`,
    why: `the key of ${host} in the VPN "${vpn.network}" changes`,
    inCharge: host,
    isLast: true,
    stop: {},
    effects: { ...Object.fromEntries(peers), [host]: restart(host, vpn) },
    // Sessions that are there go on whatever the files hold; who is not let in tries again after five seconds.
    apartSeconds: 5,
  }
}

function names(changed: readonly { readonly host: string; readonly vpn: Vpn }[]): string {
  return changed.map(({ host, vpn }) => `${host} (VPN "${vpn.network}")`).join(' and ')
}

function refusal(what: string): Transition {
  return {
    kind: 'refuse',
    why: `${what}; a host with a new key is let in by those only that have its public half, and that is shown to work for one host at a time`,
    manual:
      'Change one key in a commit of its own, deploy that, then the next. Where secrets.yaml was only encrypted again and no value is another one, quorate deploy sees that, and nothing is refused.',
  }
}
