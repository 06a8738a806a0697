/** dnsmasq: names and leases of one network. */
import {
  hostPlace,
  netId,
  networkPlace,
  servicePlace,
  type Act,
  type Effect,
  type File,
  type Group,
  type Offer,
  type Part,
  type PerHost,
  type Place,
  type Probe,
  type Renderer,
  type Template,
} from '../renderer.ts'
import { addressThere } from '../address-there.ts'
import { template } from '../template.ts'
import { unitActive } from '../unit-active.ts'
import { unitGone } from '../unit-gone.ts'
import conf from './dnsmasq.conf.njk'
import names from './names.njk'
import { problems } from './problems.ts'
import reservations from './reservations.njk'
import schema from './schema.json' with { type: 'json' }
import { settings, type DnsmasqSettings } from './settings.ts'

export const dnsmasq: Renderer<DnsmasqSettings> = {
  service: 'dnsmasq',
  version: 1,
  schema,
  problems,
  settings,
  parts,
  groups,
  transition: () => ({ kind: 'rolling' }),
}

const unit = 'dnsmasq.service'
/** Not in /etc/dnsmasq.d, where Debian's unit would read them as configuration. */
const namesPath = '/etc/dnsmasq.names'
const reservationsPath = '/etc/dnsmasq.reservations'

function parts(host: string, mine: DnsmasqSettings): readonly Part[] {
  const from = [
    servicePlace('dnsmasq'),
    hostPlace({ name: host, kind: mine.kind }, 'addresses', mine.network),
    networkPlace(mine.network),
  ]
  return [
    {
      id: 'dnsmasq',
      layer: 2,
      reach: 'host',
      files: [
        file('/etc/dnsmasq.conf', conf, { ...mine, namesPath, reservationsPath }, from, restart(host)),
        file(namesPath, names, { hosts: mine.hosts, domain: mine.domain }, from, reload),
        file(reservationsPath, reservations, { reservations: mine.reservations }, from, reload),
      ],
      onRemove: {
        acts: unitGone(unit),
        interrupts: [memberId(host)],
        maxSeconds: 5,
      },
      needs: { packages: { dnsmasq: '/usr/sbin/dnsmasq', 'bind9-dnsutils': '/usr/bin/dig' }, directories: [] },
      check: [
        {
          title: 'dnsmasq accepts /etc/dnsmasq.conf',
          // As Debian's unit calls it: without -7 it does not read /etc/dnsmasq.d, and a mistake there shows at the restart only.
          run: ['dnsmasq', '--test', '-C', '/etc/dnsmasq.conf', '-7', '/etc/dnsmasq.d,.dpkg-dist,.dpkg-old,.dpkg-new'],
          exit: [0],
          stderrNot: 'error|bad |unknown|illegal|cannot',
          withinSeconds: 0,
        },
      ],
      probe: [
        unitActive(unit, 10),
        ...mine.addresses.map((ip) => addressThere(ip, mine.interface, 10)),
        ...answers(host, mine),
      ],
    },
  ]
}

function groups(all: PerHost<DnsmasqSettings>): readonly Group[] {
  const members = Object.entries(all).map(([host, mine]) => ({
    id: memberId(host),
    host,
    votes: 1,
    needs: [[netId(mine.network, host)]],
    provides: [],
    up: [unitActive(unit, 10), ...answers(host, mine)],
  }))
  if (members.length === 0) return []
  const networks = [...new Set(Object.values(all).map(({ network }) => network))]
  const offers = networks.flatMap((network) => namesIn(network, all))
  const first = Object.values(all).find(({ ranges }) => ranges.length > 0)
  const leases: readonly Offer[] =
    first === undefined ? [] : [{ kind: 'leases', title: `leases in "${first.network}"`, network: first.network }]
  return [
    {
      id: 'dnsmasq',
      kind: 'pool',
      minimum: Math.min(1, members.length - 1),
      soakSeconds: 2,
      members,
      agree: [],
      offers: [...offers, ...leases],
    },
  ]
}

/** What a guest asks, as resolv.conf(5) does: all servers of its network, the next one where one does not answer. */
function namesIn(network: string, all: PerHost<DnsmasqSettings>): readonly Offer[] {
  const servers = Object.entries(all).filter(([, mine]) => mine.network === network && mine.addresses.length > 0)
  const [first] = servers
  if (first === undefined) return []
  const [host, { domain }] = first
  const name = domain === null ? host : `${host}.${domain}`
  const addresses = servers.flatMap(([, mine]) => mine.addresses.slice(0, 1))
  const from = servers.map(([server], index) => `${server} (${addresses[index]})`).join(' or ')
  return [{ kind: 'names', title: `names from ${from}`, network, addresses, name }]
}

/** It knows its own name, asked at its own address. */
function answers(host: string, mine: DnsmasqSettings): readonly Probe[] {
  const name = mine.domain === null ? host : `${host}.${mine.domain}`
  return mine.addresses.slice(0, 1).map((ip) => ({
    title: `dnsmasq@${host} answers for ${name}`,
    run: ['dig', '+short', '+time=2', '+tries=1', `@${ip}`, name, ip.includes(':') ? 'AAAA' : 'A'],
    exit: [0],
    stdout: `^${ip.replaceAll('.', String.raw`\.`)}$`,
    withinSeconds: 10,
  }))
}

function file(path: string, source: Template, values: object, from: readonly Place[], onChange: Effect): File {
  return { path, mode: '0644', owner: 'root:root', store: 'disk', text: template(source, values), from, onChange }
}

/** The configuration is read when dnsmasq starts, and only then (dnsmasq(8), NOTES). */
function restart(host: string): Effect {
  return { acts: [enable, { unit, do: 'restart' }], interrupts: [memberId(host)], maxSeconds: 2 }
}

const enable: Act = { unit, do: 'enable' }
/** SIGHUP reads names and reservations again, and empties the cache. */
const reload: Effect = { acts: [enable, { unit, do: 'start' }, { unit, do: 'reload' }], interrupts: [], maxSeconds: 0 }

function memberId(host: string): string {
  return `dnsmasq@${host}`
}
