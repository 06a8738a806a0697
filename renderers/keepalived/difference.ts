/** What all hosts of a router have to say alike, and that changes on one of them. */
import { isDeepStrictEqual } from 'node:util'
import type { Id, PerHost } from '../renderer.ts'
import type { Instance, KeepalivedSettings } from './settings.ts'

export interface Difference {
  readonly host: string
  /** Null where the host joins the router. */
  readonly old: Instance | null
  readonly now: Instance
  /** "the id of the router "services" changes from 10 to 11" */
  readonly what: string
}

/** Of routers that were there before, on every host that has a part in them afterwards; one for each host and family. */
export function differences(
  before: PerHost<KeepalivedSettings>,
  after: PerHost<KeepalivedSettings>,
  secrets: ReadonlySet<Id>,
): readonly Difference[] {
  const routers = new Set(Object.values(before).flatMap(({ instances }) => instances.map(({ name }) => name)))
  return Object.entries(after).flatMap(([host, { instances }]) =>
    instances.flatMap((now): readonly Difference[] => {
      if (!routers.has(now.name)) return []
      const old = before[host]?.instances.find(({ name }) => name === now.name) ?? null
      const what = old === null ? `${host} joins the router "${now.name}"` : difference(old, now, secrets)
      return what === null ? [] : [{ host, old, now, what }]
    }),
  )
}

function difference(old: Instance, now: Instance, secrets: ReadonlySet<Id>): string | null {
  const of = `of the router "${now.name}"`
  if (old.network !== now.network) return `the network ${of} changes from ${old.network} to ${now.network}`
  if (old.interface !== now.interface) return `the interface ${of} changes from ${old.interface} to ${now.interface}`
  if (old.id !== now.id) return `the id ${of} changes from ${old.id} to ${now.id}`
  if (old.interval !== now.interval) return `the interval ${of} changes from ${old.interval} s to ${now.interval} s`
  if (old.version !== now.version) return `the VRRP version ${of} changes from ${old.version} to ${now.version}`
  if ((old.password === null) !== (now.password === null))
    return `the password ${of} is ${now.password === null ? 'taken away' : 'introduced'}`
  if (!isDeepStrictEqual(old.addresses, now.addresses))
    return `the virtual addresses ${of} change from ${old.addresses.join(', ')} to ${now.addresses.join(', ')}`
  if (old.source !== now.source) return `the hosts' own addresses in the router "${now.name}" change`
  if (now.peers.some((peer) => !old.peers.includes(peer))) return `the peers ${of} change`
  if (now.password !== null && secrets.has(now.password)) return `the password ${of} changes`
  return null
}
