import { hostsOf, movingAddresses, serviceOf, type Host, type Lab, type PerHost } from '../renderer.ts'
import {
  metricsPort,
  type Backend,
  type Frontend,
  type HaproxyService,
  type Listen,
  type Mode,
  type Server,
  type Timeouts,
} from './definition.ts'

export type HaproxySettings = {
  readonly kind: 'node' | 'guest'
  /** Its place in the order of changes, from 0. */
  readonly rank: number
  /** Networks that it has a foot in and listens or speaks to servers in, sorted. */
  readonly networks: readonly string[]
  readonly timeouts: Timeouts
  /** Sorted by name. */
  readonly frontends: readonly FrontendSettings[]
  /** Sorted by name. */
  readonly backends: readonly BackendSettings[]
  /** Where metrics are told, besides to root. */
  readonly metrics: readonly Socket[]
}

/** An address and a port to listen at. */
export type Socket = {
  readonly network: string
  readonly ip: string
  readonly port: number
  /** The name of what it speaks TLS with; null for none. */
  readonly certificate: string | null
}

export type FrontendSettings = {
  readonly name: string
  readonly mode: Mode
  readonly sockets: readonly Socket[]
  readonly redirect: boolean
  readonly backend: string | null
  /** Sorted by host. */
  readonly routes: readonly { readonly host: string; readonly backend: string }[]
}

export type BackendSettings = {
  readonly name: string
  readonly mode: Mode
  readonly balance: string
  readonly check: { readonly path: string; readonly status: number; readonly host: string } | null
  readonly needed: boolean
  /** Sorted by name. */
  readonly servers: readonly {
    readonly name: string
    /** "10.0.1.21:8080" */
    readonly target: string
    readonly weight: number | null
    readonly backup: boolean
  }[]
}

const timeouts: Timeouts = { connect: '5s', client: '30s', server: '30s', request: '10s', tunnel: '1h', reload: '12h' }

/** The same on all of its hosts, but for their own addresses. */
export function settings(lab: Lab): PerHost<HaproxySettings> {
  const service = serviceOf<HaproxyService>(lab, 'haproxy')
  if (service === null) return {}
  return Object.fromEntries(
    instancesOf(lab, service).map((host, rank) => [host.name, instance(lab, service, host, rank)]),
  )
}

/** The hosts that run it, in the order in which they are changed. */
export function instancesOf(lab: Lab, service: HaproxyService): readonly Host[] {
  const inOrder = service.hosts.flatMap((name) => hostsOf(lab, [name]))
  return inOrder.filter((host, index) => inOrder.findIndex(({ name }) => name === host.name) === index)
}

function instance(lab: Lab, service: HaproxyService, host: Host, rank: number): HaproxySettings {
  const frontends = named(service.frontends).map(([name, one]) => frontend(lab, host, name, one))
  const metrics = service.metrics
  const listened = [...Object.values(service.frontends).flatMap(({ listen }) => listen), ...(metrics ? [metrics] : [])]
  const networks = [...listened, ...Object.values(service.backends)].map(({ network }) => network)
  return {
    kind: host.kind,
    rank,
    networks: [...new Set(networks)].filter((network) => host.addresses[network] !== undefined).toSorted(),
    timeouts: { ...timeouts, ...service.timeouts },
    frontends,
    backends: named(service.backends).map(([name, one]) => backend(lab, name, one)),
    metrics: metrics ? socketsOf(lab, host, { port: metricsPort, ...metrics }) : [],
  }
}

function frontend(lab: Lab, host: Host, name: string, one: Frontend): FrontendSettings {
  return {
    name,
    mode: one.mode ?? 'http',
    sockets: one.listen.flatMap((listen) => socketsOf(lab, host, listen)),
    redirect: one.redirect === 'https',
    backend: one.backend ?? null,
    routes: named(one.routes ?? {}).map(([route, to]) => ({ host: route, backend: to })),
  }
}

function backend(lab: Lab, name: string, one: Backend): BackendSettings {
  const { check } = one
  return {
    name,
    mode: one.mode ?? 'http',
    balance: one.balance ?? 'roundrobin',
    check: check === undefined ? null : { path: check.path, status: check.status ?? 200, host: check.host ?? name },
    needed: one.needed ?? false,
    servers: named(one.servers).flatMap(([server, each]) => {
      const ip = serverIp(lab, one, server, each)
      if (ip === null) return []
      const target = socketText({ ip, port: each.port ?? one.port })
      return [{ name: server, target, weight: each.weight ?? null, backup: each.backup ?? false }]
    }),
  }
}

/** Every address that a host listens at, for one line of the definition. */
export function socketsOf(lab: Lab, host: Host, { network, address, port, certificate }: Listen): readonly Socket[] {
  const own = host.addresses[network]?.addresses.map(({ ip }) => ip) ?? []
  const ips = address === undefined || address === 'own' ? own : movingAddresses(lab.networks[network], address)
  return ips.map((ip) => ({ network, ip, port, certificate: certificate ?? null }))
}

/** A server's address: its own, or the first of the host of that name; null where there is none. */
export function serverIp(lab: Lab, { network }: Backend, name: string, { address }: Server): string | null {
  return address ?? lab.hosts[name]?.addresses[network]?.addresses[0]?.ip ?? null
}

/** "10.0.1.21:8080", "[fd00:1::21]:8080". */
export function socketText({ ip, port }: Pick<Socket, 'ip' | 'port'>): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`
}

function named<T>(all: Readonly<Record<string, T>>): readonly (readonly [string, T])[] {
  return Object.entries(all).toSorted(([a], [b]) => (a < b ? -1 : 1))
}
