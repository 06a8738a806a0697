import { netId, type Act, type Effect } from '../renderer.ts'
import type { Vpn } from './settings.ts'

/** The tap is made anew and every session of the host with it; measured: pings missing for 0.3 s where both sides connect, and for the pause in between. */
export function restart(host: string, vpn: Vpn): Effect {
  const unit = unitOf(vpn)
  return {
    acts: [daemonReload, { unit, do: 'enable' }, { unit, do: 'restart' }],
    interrupts: away(host, vpn),
    maxSeconds: 5,
  }
}

/**
 * Sessions with peers whose file changed are closed and made again (measured: 0.16 s). A reload with a broken tinc.conf ends the daemon, so it
 * counts as an interruption of the host.
 */
export function reload(host: string, vpn: Vpn): Effect {
  return { acts: [{ unit: unitOf(vpn), do: 'reload' }], interrupts: away(host, vpn), maxSeconds: 1 }
}

/** The daemon learns of a peer; no session is closed. */
export function meet(host: string, vpn: Vpn): Effect {
  return { ...reload(host, vpn), interrupts: [], maxSeconds: 0 }
}

export const daemonReload: Act = { run: ['systemctl', 'daemon-reload'] }

/** Never "tinc.service": the umbrella restarts every VPN of the host at once. */
export function unitOf(vpn: Vpn): string {
  return `tinc@${vpn.network}.service`
}

/** "tinc.cluster@pve1". */
export function memberId(host: string, vpn: Vpn): string {
  return `tinc.${vpn.network}@${host}`
}

/** Who is away while the host is not in the VPN: its member, and its place in the network. */
export function away(host: string, vpn: Vpn): readonly string[] {
  return [memberId(host, vpn), netId(vpn.network, host)]
}
