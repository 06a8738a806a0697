import { nodeInterface } from '../node-interface.ts'
import { movingAddresses, serviceOf, type Host, type Lab, type PerHost } from '../renderer.ts'
import { prefixOf, subnetOf } from '../subnet.ts'

export type KeepalivedSettings = {
  readonly kind: 'node' | 'guest'
  /** Sorted by name. */
  readonly instances: readonly Instance[]
}

/** One vrrp_instance: a router in one family, as one host plays it. */
export type Instance = {
  /** "services"; with the suffix "_6" for IPv6. */
  readonly name: string
  readonly router: string
  readonly network: string
  /** "router", or the name of other addresses of the network. */
  readonly held: string
  readonly interface: string
  readonly family: 4 | 6
  /** virtual_router_id, 1–255. */
  readonly id: number
  /** 1–254; the highest is the master. */
  readonly priority: number
  /** Priorities of all, by host. */
  readonly priorities: Readonly<Record<string, number>>
  /** Seconds between adverts. */
  readonly interval: number
  /** Of VRRP: 3 for IPv6 and for parts of a second, and it has no passwords (RFC 5798, section 9). */
  readonly version: 2 | 3
  readonly preempt: boolean
  /** The host's own address in the network. */
  readonly source: string
  /** The others' addresses, sorted by host. */
  readonly peers: readonly string[]
  /** The virtual addresses with their prefix: "10.0.1.1/24". */
  readonly addresses: readonly string[]
  /** The secret's id; null where there is no password. */
  readonly password: string | null
}

/** What lab/services/keepalived.yaml holds. */
export type KeepalivedService = { readonly routers: Readonly<Record<string, Router>> }

export type Router = {
  readonly network: string
  readonly address?: string
  readonly interface?: string
  readonly id: number
  readonly interval?: number
  readonly preempt?: boolean
  readonly password?: boolean
  readonly priorities: Readonly<Record<string, number>>
}

/** Per host, the routers it takes part in. */
export function settings(lab: Lab): PerHost<KeepalivedSettings> {
  const service = serviceOf<KeepalivedService>(lab, 'keepalived')
  if (service === null) return {}
  const routers = Object.entries(service.routers).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const hosts = Object.values(lab.hosts).map((host) => {
    const mine = routers.filter(([, router]) => router.priorities[host.name] !== undefined)
    const instances = mine.flatMap(([name, router]) =>
      families.flatMap((family) => instance(lab, name, router, family, host)),
    )
    return [host.name, { kind: host.kind, instances }] as const
  })
  return Object.fromEntries(hosts.filter(([, { instances }]) => instances.length > 0))
}

const families = [4, 6] as const

/** What a router holds, by the name that it has in the network. */
export function heldBy({ address }: Router): string {
  return address ?? 'router'
}

/** None where the network has no virtual address of the family. */
function instance(lab: Lab, name: string, router: Router, family: 4 | 6, host: Host): readonly Instance[] {
  const network = lab.networks[router.network]
  const virtual = movingAddresses(network, heldBy(router)).filter((ip) => ip.includes(':') === (family === 6))
  const source = addressIn(host, router.network, family)
  const own = router.interface ?? 'eth0'
  const interfaceName = host.kind === 'guest' ? own : nodeInterface(lab, host, router.network)
  if (virtual.length === 0 || source === null || interfaceName === null) return []
  const others = Object.keys(router.priorities).filter((other) => other !== host.name)
  return [
    {
      name: family === 4 ? name : `${name}_6`,
      router: name,
      network: router.network,
      held: heldBy(router),
      interface: interfaceName,
      family,
      id: router.id,
      priority: router.priorities[host.name] ?? 0,
      priorities: router.priorities,
      interval: router.interval ?? 1,
      version: family === 6 || !isWhole(router) ? 3 : 2,
      preempt: router.preempt ?? true,
      source,
      peers: others.toSorted().flatMap((other) => addressIn(lab.hosts[other], router.network, family) ?? []),
      addresses: virtual.map((ip) => `${ip}/${prefixOf(subnetOf(ip, network?.subnets ?? []) ?? ip)}`),
      password: router.password === true && family === 4 ? passwordId(name) : null,
    },
  ]
}

/** Adverts come every so many whole seconds. */
export function isWhole(router: Router): boolean {
  return Number.isInteger(router.interval ?? 1)
}

/** The secret of a router. */
function passwordId(router: string): string {
  return `keepalived.${router}.password`
}

/** A host's first address of a family in a network. */
export function addressIn(host: Host | undefined, network: string, family: 4 | 6): string | null {
  return host?.addresses[network]?.addresses.find((address) => address.family === family)?.ip ?? null
}
