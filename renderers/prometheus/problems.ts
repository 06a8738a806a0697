import {
  hostPlace,
  hostsOf,
  mistake,
  mistakenKey,
  doubt,
  serviceOf,
  servicePlace,
  type Finding,
  type Host,
  type Lab,
} from '../renderer.ts'
import { isAddress } from '../subnet.ts'
import { unknownMembers, unknownNetwork } from '../unknown-name.ts'
import { alertNames } from './alerts.ts'
import { expressionFault } from './expression.ts'
import { addressIn, addressOf, standing, type AskedJob, type PrometheusService } from './service.ts'
import { settings } from './settings.ts'

/** What promtool does not find, and what it would find only on a server: all of it stands on a line of the lab. */
export function problems(lab: Lab): readonly Finding[] {
  const service = serviceOf<PrometheusService>(lab, 'prometheus')
  if (service === null) return []
  const unknown = names(service).flatMap(({ list, at }) => unknownMembers(lab, list, place(...at)))
  if (lab.networks[service.network] === undefined) {
    return [unknownNetwork(lab, service.network, place('network')), ...unknown]
  }
  return [
    ...unknown,
    ...withoutAddress(lab, service),
    ...unwatched(lab, service),
    ...Object.entries(service.targets ?? {}).flatMap(([name, job]) => jobProblems(name, job)),
    ...twice(lab, service),
    ...rules(service),
    ...receiver(service),
  ]
}

function place(...path: readonly (string | number)[]) {
  return servicePlace('prometheus', ...path)
}

interface Names {
  readonly list: readonly string[]
  readonly at: readonly (string | number)[]
  readonly does: string
}

/** Every list of hosts and groups whose members are reached in the network, and what they do there. */
function names({ servers, exporters, quorum = [], targets = {} }: PrometheusService): readonly Names[] {
  return [
    { list: servers, at: ['servers'], does: 'runs Prometheus' },
    { list: exporters, at: ['exporters'], does: 'is watched' },
    { list: quorum, at: ['quorum'], does: 'is watched' },
    ...Object.entries(targets).map(([job, { hosts = [] }]) => ({
      list: hosts,
      at: ['targets', job, 'hosts'],
      does: `is scraped as "${job}"`,
    })),
  ]
}

/** Each host once. */
function withoutAddress(lab: Lab, service: PrometheusService): readonly Finding[] {
  const seen = new Set<string>()
  return names(service).flatMap(({ list, does }) =>
    hostsOf(lab, list).flatMap((host) => {
      if (addressOf(lab, service, host) !== null || seen.has(host.name)) return []
      seen.add(host.name)
      if (host.addresses[service.network] !== undefined) return [wrongFamily(lab, service, host)]
      return [
        mistakenKey(
          'monitor-without-address',
          hostPlace(host, 'addresses'),
          `${host.name} ${does} in "${service.network}" and has no address in it`,
          `give ${host.name} an address in "${service.network}", or leave it out in services/prometheus.yaml`,
        ),
      ]
    }),
  )
}

/** With IPv4 for all there would be nobody without an IPv4 address. */
function wrongFamily(lab: Lab, { network }: PrometheusService, host: Host): Finding {
  const other = Object.values(lab.hosts).find(
    (one) => one.addresses[network] !== undefined && addressIn(one, network, 4) === null,
  )
  return mistake(
    'no-common-family',
    hostPlace(host, 'addresses', network),
    `${host.name} has no IPv6 address in "${network}", and ${other?.name ?? 'another'} no IPv4 address: they do not reach each other`,
    'give one of them an address of the other family',
  )
}

/** Whether a host is in a quorum it says by itself. */
function unwatched(lab: Lab, service: PrometheusService): readonly Finding[] {
  const exporters = standing(lab, service, service.exporters)
  return standing(lab, service, service.quorum ?? [])
    .filter((host) => !exporters.includes(host))
    .map(({ name }) =>
      mistake(
        'quorum-not-watched',
        place('quorum'),
        `${name} is in the quorum and is not watched, so that it always seems to be missing`,
        `add ${name} to "exporters"`,
      ),
    )
}

const ownJobs = ['alertmanager', 'node', 'prometheus']

function jobProblems(name: string, { hosts, port, addresses = [] }: AskedJob): readonly Finding[] {
  const at = (...path: readonly (string | number)[]) => place('targets', name, ...path)
  const found: Finding[] = []
  if (ownJobs.includes(name)) {
    const help = 'take another name: exporters and servers of the lab are scraped anyhow'
    found.push(mistakenKey('job-taken', at(), `"${name}" is the name of a job that the lab has already`, help))
  }
  if ((hosts === undefined) !== (port === undefined)) {
    const [there, missing] = hosts === undefined ? ['a port', 'hosts'] : ['hosts', 'port']
    found.push(mistakenKey('target-incomplete', at(), `"${name}" has ${there} and no ${missing}`, `add "${missing}"`))
  }
  if (hosts === undefined && port === undefined && addresses.length === 0) {
    found.push(
      mistakenKey('target-incomplete', at(), `"${name}" has nothing to scrape`, 'name hosts and a port, or addresses'),
    )
  }
  for (const [index, address] of addresses.entries()) {
    if (isEndpoint(address)) continue
    const help = /\/|^https?:/.test(address)
      ? 'write ADDRESS:PORT only; "scheme" and "path" are keys of their own'
      : 'write ADDRESS:PORT, 192.0.2.10:9100 or [2001:db8::10]:9100'
    found.push(mistake('not-a-target', at('addresses', index), `"${address}" is no address with a port`, help))
  }
  return found
}

/** NAME:PORT, ADDRESS:PORT or [IPv6]:PORT. */
function isEndpoint(text: string): boolean {
  const [, six, name, port] = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):([0-9]{1,5})$/.exec(text) ?? []
  if (port === undefined || Number(port) < 1 || Number(port) > 65_535) return false
  if (six !== undefined) return six.includes(':') && isAddress(six)
  // Four numbers that are no address are no name either.
  return name !== undefined && (isAddress(name) || !/^[0-9.]+$/.test(name))
}

/** The same samples twice, under two names: every sum over them is wrong. */
function twice(lab: Lab, service: PrometheusService): readonly Finding[] {
  const server = Object.values(settings(lab)).find((one) => one.server !== null)?.server
  const seen = new Map<string, string>()
  return (server?.jobs ?? []).flatMap(({ name, path, targets }) =>
    targets.flatMap(({ address }) => {
      const other = seen.get(`${address}${path}`)
      seen.set(`${address}${path}`, other ?? name)
      if (other === undefined || service.targets?.[name] === undefined) return []
      const message = `${address} is scraped as "${other}" already`
      return [mistakenKey('target-twice', place('targets', name), message, 'leave it out in one of the two')]
    }),
  )
}

function rules(service: PrometheusService): readonly Finding[] {
  return Object.entries(service.rules ?? {}).flatMap(([name, { expr }]) => {
    const found: Finding[] = []
    if (alertNames.includes(name)) {
      const help = 'take another name; this one follows from the lab'
      found.push(
        mistakenKey('alert-taken', place('rules', name), `"${name}" is an alert that the lab has already`, help),
      )
    }
    const fault = expressionFault(expr)
    if (fault !== null) found.push(mistake('bad-expression', place('rules', name, 'expr'), fault.what, fault.help))
    return found
  })
}

function receiver({ alertmanager }: PrometheusService): readonly Finding[] {
  if (alertmanager === undefined) {
    const help = 'add  alertmanager:  with a webhook or e-mail'
    return [doubt('nobody-is-told', place(), 'there is no Alertmanager: alerts are seen by those who look only', help)]
  }
  const url = alertmanager.webhook?.url ?? ''
  if (!/^https?:\/\/[^/?#]*@/.test(url)) return []
  // At the key: what is at the value is shown, in logs and on GitHub too.
  return [
    mistakenKey(
      'secret-in-url',
      place('alertmanager', 'webhook'),
      'the address holds a user or a password, which everybody who reads the lab would know',
      'leave them out, and set  token: true  for a secret of its own',
    ),
  ]
}
