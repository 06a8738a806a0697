import { isDeepStrictEqual } from 'node:util'
import type { PerHost, Transition } from '../renderer.ts'
import type { Instance, KeepalivedSettings } from './settings.ts'

/**
 * Rolling for the first deployment, for priorities and for a host that leaves. What all have to say alike, or they do not hear each other and
 * there are two masters, is for a person: router id, interval, addresses, password, a host that joins.
 */
export function transition(before: PerHost<KeepalivedSettings>, after: PerHost<KeepalivedSettings>): Transition {
  const routers = new Set(instancesOf(before).map(({ instance }) => instance.name))
  for (const { host, instance } of instancesOf(after)) {
    if (!routers.has(instance.name)) continue
    const old = before[host]?.instances.find((one) => one.name === instance.name)
    const why = old === undefined ? `${host} joins the router "${instance.name}"` : difference(old, instance)
    if (why !== null) return { kind: 'refuse', why: `${why}; ${mixed}`, manual: manual(instance) }
  }
  return { kind: 'rolling' }
}

const mixed =
  'hosts with the old settings and hosts with the new ones do not hear each other, and two of them would be master'

function difference(old: Instance, now: Instance): string | null {
  const of = `of the router "${now.name}"`
  if (old.id !== now.id) return `the id ${of} changes from ${old.id} to ${now.id}`
  if (old.interval !== now.interval) return `the interval ${of} changes from ${old.interval} s to ${now.interval} s`
  if (old.version !== now.version) return `the VRRP version ${of} changes from ${old.version} to ${now.version}`
  if (old.interface !== now.interface) return `the interface ${of} changes from ${old.interface} to ${now.interface}`
  if ((old.password === null) !== (now.password === null))
    return `the password ${of} is ${now.password === null ? 'taken away' : 'introduced'}`
  if (!isDeepStrictEqual(old.addresses, now.addresses))
    return `the virtual addresses ${of} change from ${old.addresses.join(', ')} to ${now.addresses.join(', ')}`
  if (old.source !== now.source || now.peers.some((peer) => !old.peers.includes(peer)))
    return `the hosts' own addresses in the router "${now.name}" change`
  return null
}

function manual(instance: Instance): string {
  return `Accept that ${instance.addresses.join(', ')} is away for some seconds. Render the bundles (quorate render --out DIR) and copy keepalived.conf to all hosts of the router (${Object.keys(instance.priorities).join(', ')}), with the password filled in. Then systemctl stop keepalived on the backups, systemctl restart keepalived on the master, systemctl start keepalived on the backups. Then run: quorate deploy --adopt.`
}

function instancesOf(all: PerHost<KeepalivedSettings>) {
  return Object.entries(all).flatMap(([host, { instances }]) => instances.map((instance) => ({ host, instance })))
}
