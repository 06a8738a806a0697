import { addressThere } from '../address-there.ts'
import { netId, type Agreement, type Group, type Offer, type PerHost } from '../renderer.ts'
import { unitActive } from '../unit-active.ts'
import type { Instance, KeepalivedSettings } from './settings.ts'

/** A pool per router, backups before the master: the address moves once, at the end. */
export function groups(all: PerHost<KeepalivedSettings>): readonly Group[] {
  const everywhere = Object.entries(all).flatMap(([host, { instances }]) =>
    instances.map((instance) => ({ host, instance })),
  )
  const routers = [...new Set(everywhere.map(({ instance }) => instance.router))].toSorted()
  return routers.map((router) => {
    const ours = everywhere.filter(({ instance }) => instance.router === router)
    const priorities = ours[0]?.instance.priorities ?? {}
    const hosts = [...new Set(ours.map(({ host }) => host))].toSorted(
      (a, b) => (priorities[a] ?? 0) - (priorities[b] ?? 0) || (a < b ? -1 : 1),
    )
    const members = hosts.map((host) => {
      const mine = ours.filter((one) => one.host === host).map(({ instance }) => instance)
      return member(host, mine)
    })
    const virtual = [...new Set(ours.flatMap(({ instance }) => instance.addresses))].toSorted()
    return {
      id: `keepalived.${router}`,
      kind: 'pool',
      minimum: 1,
      soakSeconds: 3,
      members,
      agree: virtual.map(owner),
      offers: offers(virtual, ours[0]?.instance),
    }
  })
}

function member(host: string, instances: readonly Instance[]) {
  return {
    id: `keepalived.${instances[0]?.router ?? ''}@${host}`,
    host,
    votes: 1,
    needs: [...new Set(instances.map((one) => netId(one.network, host)))].map((id) => [id]),
    provides: [],
    up: [unitActive('keepalived.service', 10), ...instances.map((one) => addressThere(one.source, one.interface, 10))],
  }
}

function offers(virtual: readonly string[], instance: Instance | undefined): readonly Offer[] {
  if (instance === undefined) return []
  const { network, held } = instance
  const what = held === 'router' ? 'the router' : `"${held}"`
  const addresses = virtual
    .map((address) => address.replace(/\/.*/, ''))
    .map((address): Offer => ({ kind: 'address', title: `${what} ${address}`, network, address }))
  return held === 'router'
    ? [...addresses, { kind: 'way-out', title: `the way out of "${network}"`, network }]
    : addresses
}

function owner(address: string): Agreement {
  const ip = address.replace(/\/.*/, '')
  const six = ip.includes(':')
  return {
    title: `the owner of ${ip}`,
    run: ['ip', '-o', six ? '-6' : '-4', 'addr', 'show', 'to', `${ip}/${six ? 128 : 32}`],
    pick: String.raw`\sinet6? (\S+)`,
    across: 'one',
  }
}
