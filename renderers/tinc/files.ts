import { template, type Effect, type File, type Hole, type Place, type Template, type Text } from '../renderer.ts'
import { unitDropIn } from '../unit-drop-in.ts'
import { daemonReload, reload, restart, unitOf } from './effects.ts'
import { keyId } from './key-change.ts'
import hostFile from './host.njk'
import keyFile from './rsa_key.priv.njk'
import type { Peer, Vpn } from './settings.ts'
import conf from './tinc.conf.njk'
import down from './tinc-down.njk'
import up from './tinc-up.njk'

function untilThere(vpn: Vpn): string {
  return `until test -s /run/tinc.%i.pid && test -e /sys/class/net/${vpn.interface}; do kill -0 $MAINPID || exit 1; sleep 0.1; done`
}

/**
 * A host that lost its power and is back before its peers see that their connections to it are dead (65 s) never was unreachable to them: they go
 * on with the keys of its old session, and it hears nothing from them until keys expire (1.0.36, graph.c; with three daemons 4 of 9 cuts of 5 s).
 * So at boot, as soon as it has met somebody, it leaves and comes back: a daemon that reads its files again closes all connections whose hosts file
 * is younger than itself, and makes its own again at once (none deaf in 12 cuts, and in 5 of 27 where it left only those that it had made itself;
 * away for 0.1 to 0.3 s). Nobody waits for it.
 */
const goodbyeAtBoot =
  'systemctl is-system-running | grep -qxe initializing -e starting && { sleep 1.5; touch hosts/*; kill -HUP $MAINPID; } &'

/** Everything below /etc/tinc/<network>, and the unit's drop-in. `from`: the host's own places; a peer's file has the peer's besides. */
export function filesOf(host: string, vpn: Vpn, from: readonly Place[]): readonly File[] {
  const top = `/etc/tinc/${vpn.network}`
  const anew = restart(host, vpn)
  const again = reload(host, vpn)
  const place = (path: string, mode: string, text: Text, onChange: Effect): File => ({
    path: `${top}/${path}`,
    mode,
    owner: 'root:root',
    store: 'disk',
    text,
    from,
    onChange,
  })
  const file = (path: string, mode: string, source: Template, values: object, onChange: Effect) =>
    place(path, mode, template(source, values), onChange)
  const options = Object.entries(vpn.options)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({ name, value }))
  const dropIn = {
    unit: unitOf(vpn),
    after: ['networking.service'],
    interfaces: [],
    // The unit is Type=simple: without this it counts as started before the tap is there, and a reload right after it finds no process to tell.
    // A peer that sees the daemon again before it saw it go keeps the old session's key, and all that it sends is dropped until that expires, an
    // hour later (1.0.36, graph.c; measured with a peer that stood still for 0.3 s: 3 of 8 restarts, and none of 8 with this pause).
    stopPost: '/bin/sleep 0.5',
    startPost: `/bin/sh -c '${untilThere(vpn)}; ${goodbyeAtBoot}'`,
  }
  return [
    file('tinc.conf', '0644', conf, { ...vpn, options }, anew),
    file('tinc-up', '0755', up, vpn, anew),
    file('tinc-down', '0755', down, {}, anew),
    file('rsa_key.priv', '0600', keyFile, { key: keyHole(vpn, vpn.self, 'private') }, anew),
    ...[vpn.self, ...vpn.peers].map((peer) =>
      // A daemon reads its own hosts file only when it starts.
      place(`hosts/${peer.name}`, '0644', hostText(vpn, peer), peer === vpn.self ? anew : again),
    ),
    unitDropIn(dropIn, from, { acts: [daemonReload], interrupts: [], maxSeconds: 0 }),
  ].toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

const hostTexts = new WeakMap<Peer, Map<string, Text>>()

/** A host's file is the same on every host of the VPN: it is rendered and held once, not by each of them. */
function hostText(vpn: Vpn, peer: Peer): Text {
  const known = hostTexts.get(peer) ?? new Map<string, Text>()
  const key = `${vpn.network} ${vpn.port}`
  const values = { endpoints: peer.endpoints, port: vpn.port, key: keyHole(vpn, peer, 'public') }
  const text = known.get(key) ?? template(hostFile, values)
  hostTexts.set(peer, known.set(key, text))
  return text
}

function keyHole(vpn: Vpn, peer: Peer, half: 'private' | 'public'): Hole {
  return { secret: keyId(vpn.network, peer.host), kind: 'rsa-key-pair', half }
}
