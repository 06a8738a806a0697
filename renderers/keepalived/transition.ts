import type { Id, Move, PerHost, Transition } from '../renderer.ts'
import { differences, type Difference } from './difference.ts'
import { move } from './move.ts'
import type { Instance, KeepalivedSettings } from './settings.ts'

/**
 * Rolling for the first deployment, for priorities and for a host that leaves. What all have to say alike, or they do not hear each other and
 * there are two masters, changes in lockstep: id, interval, password, network and addresses of a router, and a host that joins it. What has not
 * been shown to work that way is for a person.
 */
export function transition(
  before: PerHost<KeepalivedSettings>,
  after: PerHost<KeepalivedSettings>,
  secrets: ReadonlySet<Id> = new Set(),
): Transition {
  const found = differences(before, after, secrets)
  for (const each of found) {
    const why = unsafe(each, before, after)
    if (why !== null) return { kind: 'refuse', why: `${each.what}; ${why}`, manual: manual(each.now) }
  }
  if (found.length === 0) return { kind: 'rolling' }
  return { kind: 'lockstep', moves: together(found).map((each): Move => move(each, before, after)) }
}

/** Why it cannot be done in lockstep; null where it can. */
function unsafe(
  { host, old, now }: Difference,
  before: PerHost<KeepalivedSettings>,
  after: PerHost<KeepalivedSettings>,
): string | null {
  const [was, is] = [hostsOf(before, now.router), hostsOf(after, now.router)]
  const leaves = was.find((each) => !is.includes(each))
  if (leaves !== undefined) return `${leaves} leaves the router meanwhile: make that a commit of its own`
  const away = Object.keys(now.priorities).find((each) => !is.includes(each))
  if (away !== undefined) return `${away} has a part in it and is not there: it would come back with what is old`
  const isMoved = old !== null && old.network === now.network && old.source !== now.source
  if (isMoved) return `the address of ${host} that the others speak to has to be there first, and the old one still`
  const interval = Math.min(old?.interval ?? now.interval, now.interval)
  if (interval < 1) return `with adverts every ${interval} s there is too little time before a second master comes up`
  return null
}

/** Differences by the routers that have a host in common: one daemon plays all routers of its host. */
function together(found: readonly Difference[]): readonly (readonly Difference[])[] {
  const sets: Difference[][] = []
  for (const each of found) {
    const hosts = Object.keys(each.now.priorities)
    const near = sets.filter((set) => set.some(({ now }) => hosts.some((host) => now.priorities[host] !== undefined)))
    for (const set of near) sets.splice(sets.indexOf(set), 1)
    sets.push([...near.flat(), each])
  }
  return sets
}

function hostsOf(all: PerHost<KeepalivedSettings>, router: string): readonly string[] {
  const plays = ({ instances }: KeepalivedSettings) => instances.some((one) => one.router === router)
  return Object.entries(all).flatMap(([host, each]) => (plays(each) ? [host] : []))
}

function manual(instance: Instance): string {
  return `Accept that ${instance.addresses.join(', ')} is away for some seconds. Render the bundles (quorate render --out DIR) and copy keepalived.conf to all hosts of the router (${Object.keys(instance.priorities).join(', ')}), with the password filled in. Then systemctl stop keepalived on the backups, systemctl restart keepalived on the master, systemctl start keepalived on the backups. Then run: quorate deploy --adopt.`
}
