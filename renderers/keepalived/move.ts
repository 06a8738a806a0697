/** The lockstep of one or several routers that have hosts in common. */
import type { Act, Effect, Move, PerHost } from '../renderer.ts'
import type { Difference } from './difference.ts'
import type { KeepalivedSettings } from './settings.ts'

const unit = 'keepalived.service'
const daemonReload: Act = { run: ['systemctl', 'daemon-reload'] }

/**
 * Backups stop, the master is told to reload, backups start. Measured with keepalived 2.2.7 on three hosts in network namespaces, pinged every
 * 20 ms over the virtual address, an advert every second (test/renderers/keepalived-daemon.test.ts does part of it again):
 *
 * - Another password, one introduced or taken away, another interval (1 s to 3 s and back), another VRRP version, a virtual address more or
 *   another one beside it, and a peer more: the master keeps its address over the reload, no ping is lost. Backups that start with the new
 *   settings hear it and stay backups.
 * - Another id or interface: to keepalived that is another instance. The master gives the address up, listens for somebody else, and takes it
 *   again after 3.4 s (3 intervals and (256 - priority) / 256); after a restart instead it was 4.5 s.
 * - The master reloaded with another password while the backups run on: the address is on two hosts 3.6 s later.
 * - nopreempt, and the address on a host that is stopped: the one that goes on takes over after 0.43 s.
 */
export function move(
  found: readonly Difference[],
  before: PerHost<KeepalivedSettings>,
  after: PerHost<KeepalivedSettings>,
): Move {
  const hosts = [...new Set(found.flatMap(({ now }) => Object.keys(now.priorities)))].toSorted()
  const inCharge = master(found, hosts)
  const interval = Math.max(...found.map(({ old, now }) => Math.max(old?.interval ?? 0, now.interval)))
  const least = Math.min(...found.map(({ old, now }) => Math.min(old?.interval ?? now.interval, now.interval)))
  const effects = hosts.map((host): readonly [string, Effect] => [
    host,
    host === inCharge
      ? { acts: [daemonReload, { unit, do: 'reload' }], ...away(found, host, interval) }
      : {
          acts: [daemonReload, { unit, do: 'enable' }, { unit, do: 'start' }],
          interrupts: routersOn(host, before, after).map((router) => `keepalived.${router}@${host}`),
          // Measured: stopped in 1.1 s, started in less than that; there are several hosts, and messages to them.
          maxSeconds: 6,
        },
  ])
  return {
    part: 'keepalived',
    why: [...new Set(found.map(({ what }) => what))].join('; '),
    inCharge,
    stop: Object.fromEntries(hosts.filter((host) => host !== inCharge).map((host) => [host, [{ unit, do: 'stop' }]])),
    effects: Object.fromEntries(effects),
    // A backup takes over after 3 intervals without an advert that it understands. What is left is for the reload itself.
    apartSeconds: 2 * least,
  }
}

/** Who speaks as all will already, where an earlier rollout got that far; else who ranks highest in the first router as it is now. */
function master(found: readonly Difference[], hosts: readonly string[]): string {
  const ranks = found.find(({ old }) => old !== null)?.old?.priorities ?? found[0]?.now.priorities ?? {}
  const settled = hosts.filter((host) => !found.some((each) => each.host === host))
  const from = settled.length > 0 ? settled : hosts
  return from.toSorted((a, b) => (ranks[b] ?? 0) - (ranks[a] ?? 0))[0] ?? ''
}

/** What the one in charge is without while it reloads: the routers that are other instances to keepalived from there on. */
function away(found: readonly Difference[], host: string, interval: number): Pick<Effect, 'interrupts' | 'maxSeconds'> {
  const others = found.filter(
    ({ host: on, old, now }) => on === host && old !== null && (old.id !== now.id || old.interface !== now.interface),
  )
  const routers = [...new Set(others.map(({ now }) => now.router))].toSorted()
  if (routers.length === 0) return { interrupts: [], maxSeconds: 1 }
  return {
    interrupts: routers.map((router) => `keepalived.${router}@${host}`),
    maxSeconds: Math.ceil(4 * interval) + 1,
  }
}

/** All that its daemon plays, on either side. */
function routersOn(
  host: string,
  before: PerHost<KeepalivedSettings>,
  after: PerHost<KeepalivedSettings>,
): readonly string[] {
  const instances = [before, after].flatMap((side) => side[host]?.instances ?? [])
  return [...new Set(instances.map(({ router }) => router))].toSorted()
}
