import { nodeInterface } from '../node-interface.ts'
import { serviceOf, type Host, type Lab, type PerHost } from '../renderer.ts'
import { factsOf, type Fact } from './facts.ts'
import {
  addressOf,
  standing,
  type AskedJob,
  type Email,
  type PrometheusService,
  type Rule,
  type Webhook,
} from './service.ts'
import { watchedOf, type Watched } from './watched.ts'

export type PrometheusSettings = {
  readonly kind: 'node' | 'guest'
  readonly network: string
  /** The host's own address in the network: nothing listens on any other. */
  readonly address: string
  /** The interface that has it; null in a guest. */
  readonly interface: string | null
  readonly server: Server | null
  readonly alertmanager: Alertmanager | null
  /** What the host finds out about itself, besides what node exporter knows; null where it runs none. */
  readonly facts: readonly Fact[] | null
}

export type Server = {
  readonly lab: string
  /** Seconds. */
  readonly interval: number
  readonly retention: string
  /** Sorted by name, those of the lab's own programs first. */
  readonly jobs: readonly Job[]
  /** ADDRESS:PORT, sorted. */
  readonly alertmanagers: readonly string[]
  readonly watched: Watched
  readonly rules: Readonly<Record<string, Rule>>
}

export type Job = {
  readonly name: string
  readonly scheme: 'http' | 'https'
  readonly path: string
  readonly targets: readonly Target[]
}

export type Target = {
  /** ADDRESS:PORT. */
  readonly address: string
  /** A host of the lab; null for one that is none. */
  readonly host: string | null
}

export type Alertmanager = {
  /** The others, ADDRESS:PORT, with which it agrees on who tells. */
  readonly peers: readonly string[]
  readonly receiver: Receiver
}

export type Receiver =
  | { readonly kind: 'webhook'; readonly url: string; readonly token: string | null }
  | {
      readonly kind: 'email'
      readonly to: readonly string[]
      readonly from: string
      readonly server: string
      readonly login: { readonly user: string; readonly password: string } | null
    }

export const ports = { server: 9090, alertmanager: 9093, mesh: 9094, exporter: 9100 } as const

/** Per host that is watched or watches. */
export function settings(lab: Lab): PerHost<PrometheusSettings> {
  const service = serviceOf<PrometheusService>(lab, 'prometheus')
  if (service === null) return {}
  const servers = standing(lab, service, service.servers)
  const exporters = standing(lab, service, service.exporters)
  const server = serverOf(lab, service)
  const all = Object.values(lab.hosts).filter((host) => servers.includes(host) || exporters.includes(host))
  return Object.fromEntries(
    all.map((host): [string, PrometheusSettings] => {
      const isServer = servers.includes(host)
      const mine: PrometheusSettings = {
        kind: host.kind,
        network: service.network,
        address: addressOf(lab, service, host) ?? '',
        interface: nodeInterface(lab, host, service.network),
        server: isServer ? server : null,
        alertmanager: isServer ? alertmanagerOf(lab, service, servers, host) : null,
        facts: exporters.includes(host) ? factsOf(lab, service, host) : null,
      }
      return [host.name, mine]
    }),
  )
}

/** ADDRESS:PORT. */
export function endpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

function serverOf(lab: Lab, service: PrometheusService): Server {
  const alertmanagers = service.alertmanager === undefined ? [] : targets(lab, service, service.servers, 'alertmanager')
  const own: readonly (readonly [string, readonly Target[]])[] = [
    ['alertmanager', alertmanagers],
    ['node', targets(lab, service, service.exporters, 'exporter')],
    ['prometheus', targets(lab, service, service.servers, 'server')],
  ]
  const asked = Object.entries(service.targets ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return {
    lab: lab.name,
    interval: service.interval ?? 15,
    retention: service.retention ?? '15d',
    jobs: [
      ...own
        .filter(([, some]) => some.length > 0)
        .map(([name, some]): Job => ({ name, scheme: 'http', path: '/metrics', targets: some })),
      ...asked.map(([name, job]): Job => jobOf(lab, service, name, job)),
    ],
    alertmanagers: alertmanagers.map(({ address }) => address),
    watched: watchedOf(lab, service),
    rules: service.rules ?? {},
  }
}

function targets(
  lab: Lab,
  service: PrometheusService,
  names: readonly string[],
  port: keyof typeof ports | number,
): readonly Target[] {
  const number = typeof port === 'number' ? port : ports[port]
  return standing(lab, service, names).map((host) => ({
    address: endpoint(addressOf(lab, service, host) ?? '', number),
    host: host.name,
  }))
}

function jobOf(lab: Lab, service: PrometheusService, name: string, job: AskedJob): Job {
  const { hosts = [], port = 0, addresses = [], path = '/metrics', scheme = 'http' } = job
  const elsewhere = addresses.toSorted().map((address) => ({ address, host: null }))
  return { name, scheme, path, targets: [...targets(lab, service, hosts, port), ...elsewhere] }
}

function alertmanagerOf(
  lab: Lab,
  service: PrometheusService,
  servers: readonly Host[],
  host: Host,
): Alertmanager | null {
  if (service.alertmanager === undefined) return null
  const others = servers.filter(({ name }) => name !== host.name)
  return {
    peers: others.map((other) => endpoint(addressOf(lab, service, other) ?? '', ports.mesh)),
    receiver: receiverOf(service.alertmanager),
  }
}

function receiverOf({ webhook, email }: { readonly webhook?: Webhook; readonly email?: Email }): Receiver {
  if (webhook !== undefined) {
    return { kind: 'webhook', url: webhook.url, token: webhook.token === true ? 'prometheus.webhook.token' : null }
  }
  const { to = [], from = '', server = '', user } = email ?? {}
  const login = user === undefined ? null : { user, password: 'prometheus.email.password' }
  return { kind: 'email', to: to.toSorted(), from, server, login }
}
