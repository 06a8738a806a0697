/** The alerts that follow from the lab, each with a case in which it fires and one in which it does not: promtool is asked both. */
import { factsFile } from './paths.ts'
import type { Server } from './settings.ts'
import type { Watched } from './watched.ts'

export interface Alert {
  readonly name: string
  readonly expr: string
  /** "2m"; null: at once. */
  readonly for: string | null
  readonly severity: 'warning' | 'critical'
  readonly summary: string
}

export interface TestedAlert extends Alert {
  /** Minutes or hours. */
  readonly for: string
  /** Series by name and labels, and what they hold all the time. */
  readonly fires: {
    readonly series: Series
    readonly labels: Readonly<Record<string, string>>
    readonly summary: string
  }
  readonly holds: Series
}

/** A number, or one that grows: as promtool writes it. */
type Series = Readonly<Record<string, string>>

/** In the order of the file. */
export function alertsOf({ watched, jobs }: Pick<Server, 'watched' | 'jobs'>): readonly TestedAlert[] {
  return [
    hostDown,
    ...(jobs.some(({ name }) => name !== 'node') ? [targetDown] : []),
    diskFull(watched.diskFree),
    factsStale,
    reloadFailed,
    ...quorum(watched.quorum),
    ...(watched.owners.length > 0 ? [addressTwice] : []),
    ...addressGone(watched),
    ...(watched.pairs.length > 0 ? [pairDown] : []),
    deployedHalfway,
    managedFilesChanged,
  ]
}

/** Names that an alert of one's own cannot have, whatever the lab has. */
export const alertNames: readonly string[] = [
  'HostDown',
  'TargetDown',
  'DiskFull',
  'FactsStale',
  'ReloadFailed',
  'QuorumMemberMissing',
  'QuorumLost',
  'VirtualAddressTwice',
  'VirtualAddressGone',
  'VpnPairDown',
  'DeployedHalfway',
  'ManagedFilesChanged',
]

const on = (host: string) => `{host="${host}",instance="${host}:9100",job="node"`
const labelsOf = (host: string) => ({ host, instance: `${host}:9100`, job: 'node' })

const hostDown: TestedAlert = {
  name: 'HostDown',
  expr: 'up{job="node"} == 0',
  for: '2m',
  severity: 'critical',
  summary: '{{ $labels.host }} does not answer',
  fires: {
    series: { [`up${on('a')}}`]: '0', [`up${on('b')}}`]: '1' },
    labels: labelsOf('a'),
    summary: 'a does not answer',
  },
  holds: { [`up${on('a')}}`]: '1' },
}

const targetDown: TestedAlert = {
  name: 'TargetDown',
  expr: 'up{job!="node"} == 0',
  for: '2m',
  severity: 'warning',
  summary: '{{ $labels.job }} at {{ $labels.instance }} does not answer',
  fires: {
    series: { 'up{instance="a:80",job="web"}': '0' },
    labels: { instance: 'a:80', job: 'web' },
    summary: 'web at a:80 does not answer',
  },
  holds: { 'up{instance="a:80",job="web"}': '1', [`up${on('a')}}`]: '0' },
}

/** Full by nature: read-only images, and what is kept in memory. */
const noDisk = 'tmpfs|ramfs|squashfs|iso9660|fuse.*'

function diskFull(percent: number): TestedAlert {
  const disk = (name: string) => `node_filesystem_${name}_bytes${on('a')},fstype="ext4",mountpoint="/srv"}`
  const image = (name: string) => `node_filesystem_${name}_bytes${on('a')},fstype="squashfs",mountpoint="/snap"}`
  return {
    name: 'DiskFull',
    expr: `100 * node_filesystem_avail_bytes{fstype!~"${noDisk}"} / node_filesystem_size_bytes < ${percent}`,
    for: '15m',
    severity: 'warning',
    summary: '{{ $labels.mountpoint }} on {{ $labels.host }} has {{ $value | printf "%.1f" }} % left',
    fires: {
      series: { [disk('avail')]: String(percent * 10 - 5), [disk('size')]: '1000' },
      labels: { ...labelsOf('a'), fstype: 'ext4', mountpoint: '/srv' },
      summary: `/srv on a has ${(percent - 0.5).toFixed(1)} % left`,
    },
    holds: {
      [disk('avail')]: String(percent * 10),
      [disk('size')]: '1000',
      [image('avail')]: '0',
      [image('size')]: '1000',
    },
  }
}

const written = `node_textfile_mtime_seconds{file="${factsFile}"}`

/** Without it, the last that a dead script wrote would be believed for ever. */
const factsStale: TestedAlert = {
  name: 'FactsStale',
  expr: `(time() - max by (host) (${written}) > 300) or (max by (host) (up{job="node"} == 1) unless on (host) ${written})`,
  for: '5m',
  severity: 'warning',
  summary:
    '{{ $labels.host }} has not told for minutes what quorate-facts finds out: systemctl status quorate-facts.service',
  fires: {
    series: { [`up${on('a')}}`]: '1' },
    labels: { host: 'a' },
    summary: 'a has not told for minutes what quorate-facts finds out: systemctl status quorate-facts.service',
  },
  holds: { [`up${on('a')}}`]: '1', [`node_textfile_mtime_seconds${on('a')},file="${factsFile}"}`]: '0+60' },
}

/** A file that it cannot read is logged and the old one stays in force: nothing else shows it. */
const reloadFailed: TestedAlert = {
  name: 'ReloadFailed',
  expr: '{__name__=~"(prometheus|alertmanager)_config_last_reload_successful"} == 0',
  for: '5m',
  severity: 'warning',
  summary: '{{ $labels.job }} on {{ $labels.host }} goes on with its old configuration: it could not read the new one',
  fires: {
    series: { 'alertmanager_config_last_reload_successful{host="a",job="alertmanager"}': '0' },
    labels: { host: 'a', job: 'alertmanager' },
    summary: 'alertmanager on a goes on with its old configuration: it could not read the new one',
  },
  holds: { 'prometheus_config_last_reload_successful{host="a",job="prometheus"}': '1' },
}

function quorum(hosts: readonly string[]): readonly TestedAlert[] {
  if (hosts.length === 0) return []
  const quorate = '(count(quorate_quorum == 1) or vector(0))'
  const [first = '', ...others] = hosts
  const all = (value: string) => Object.fromEntries(hosts.map((host) => [`quorate_quorum${on(host)}}`, value]))
  const one = (host: string) => ({ [`quorate_quorum${on(host)}}`]: '0' })
  return [
    {
      name: 'QuorumMemberMissing',
      expr: `${quorate} < ${hosts.length}`,
      for: '1m',
      severity: 'critical',
      summary: `{{ $value }} of ${hosts.length} hosts say that they are in a quorate cluster`,
      fires: {
        series: { ...all('1'), ...one(first) },
        labels: {},
        summary: `${others.length} of ${hosts.length} hosts say that they are in a quorate cluster`,
      },
      holds: all('1'),
    },
    {
      name: 'QuorumLost',
      expr: `${quorate} == 0`,
      for: '1m',
      severity: 'critical',
      summary: `none of ${hosts.join(', ')} says that it is in a quorate cluster`,
      fires: { series: {}, labels: {}, summary: `none of ${hosts.join(', ')} says that it is in a quorate cluster` },
      holds: { ...all('0'), [`quorate_quorum${on(first)}}`]: '1' },
    },
  ]
}

const owner = (host: string, network = 'net') =>
  `quorate_virtual_address${on(host)},network="${network}",address="10.0.0.1"}`

const addressTwice: TestedAlert = {
  name: 'VirtualAddressTwice',
  expr: 'sum by (network, address) (quorate_virtual_address) > 1',
  for: '1m',
  severity: 'critical',
  summary: '{{ $value }} hosts have the address {{ $labels.address }} in "{{ $labels.network }}"',
  fires: {
    series: { [owner('a')]: '1', [owner('b')]: '1', [owner('c')]: '0' },
    labels: { network: 'net', address: '10.0.0.1' },
    summary: '2 hosts have the address 10.0.0.1 in "net"',
  },
  holds: { [owner('a')]: '1', [owner('b')]: '0' },
}

function addressGone({ owners }: Watched): readonly TestedAlert[] {
  const networks = owners.filter(({ all }) => all).map(({ network }) => network)
  const [network] = networks
  if (network === undefined) return []
  return [
    {
      name: 'VirtualAddressGone',
      expr: `max by (network, address) (quorate_virtual_address{network=~"${networks.join('|')}"}) == 0`,
      for: '1m',
      severity: 'critical',
      summary: 'no host that answers has the address {{ $labels.address }} in "{{ $labels.network }}"',
      fires: {
        series: { [owner('a', network)]: '0', [owner('b', network)]: '0' },
        labels: { network, address: '10.0.0.1' },
        summary: `no host that answers has the address 10.0.0.1 in "${network}"`,
      },
      holds: { [owner('a', network)]: '1', [owner('b', network)]: '0' },
    },
  ]
}

const pair = `quorate_peer_reachable${on('a')},network="net",peer="b"}`

/** A host that is down is told of once, not by each of its peers. */
const pairDown: TestedAlert = {
  name: 'VpnPairDown',
  expr: 'quorate_peer_reachable == 0 unless on (peer) label_replace(up{job="node"} == 0, "peer", "$1", "host", "(.+)")',
  for: '2m',
  severity: 'warning',
  summary: '{{ $labels.host }} does not reach {{ $labels.peer }} through "{{ $labels.network }}"',
  fires: {
    series: { [pair]: '0', [`up${on('b')}}`]: '1' },
    labels: { ...labelsOf('a'), network: 'net', peer: 'b' },
    summary: 'a does not reach b through "net"',
  },
  holds: { [pair]: '0', [`up${on('b')}}`]: '0' },
}

const deployedHalfway: TestedAlert = {
  name: 'DeployedHalfway',
  expr: 'quorate_deployed_whole == 0',
  for: '1h',
  severity: 'warning',
  summary: '{{ $labels.host }} is between two commits: a rollout has not come through',
  fires: {
    series: { [`quorate_deployed_whole${on('a')}}`]: '0' },
    labels: labelsOf('a'),
    summary: 'a is between two commits: a rollout has not come through',
  },
  holds: { [`quorate_deployed_whole${on('a')}}`]: '1' },
}

const managedFilesChanged: TestedAlert = {
  name: 'ManagedFilesChanged',
  expr: 'quorate_managed_files_changed > 0',
  for: '15m',
  severity: 'warning',
  summary: 'on {{ $labels.host }} {{ $value }} of the deployed files are not as they were deployed: quorate drift',
  fires: {
    series: { [`quorate_managed_files_changed${on('a')}}`]: '2' },
    labels: labelsOf('a'),
    summary: 'on a 2 of the deployed files are not as they were deployed: quorate drift',
  },
  holds: { [`quorate_managed_files_changed${on('a')}}`]: '0' },
}
