/** Every rule of every renderer finds the mistake planted for it, at its place. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { renderers } from '../../renderers/index.ts'
import type { Finding, Json, Lab } from '../../renderers/renderer.ts'
import { tincName } from '../../renderers/tinc/name.ts'
import { packageRoot } from '../../scripts/lib/roots.ts'
import { changed } from './changed.ts'
import { labIn } from './lab-folder.ts'

const example = await labIn('example')
const pair = await labIn('pair')
const duo = await labIn('duo')
const watched = await labIn('watched')
const front = await labIn('front')

function findings(service: string, lab: Lab): readonly Finding[] {
  return renderers.find((one) => one.service === service)?.problems(lab) ?? []
}

for (const { service, problems } of renderers) {
  test(`${service} finds nothing wrong with the labs that are right`, () => {
    assert.equal(problems(example), [])
    assert.equal(problems(pair), [])
    assert.equal(problems(duo), [])
    assert.equal(problems(watched), [])
    assert.equal(problems(front), [])
  })
}

/** The same on nodes of Proxmox VE. */
function proxmox(lab: Lab): Lab {
  const hosts = Object.entries(lab.hosts).map(([name, host]) => [name, { ...host, platform: 'proxmox' }] as const)
  return { ...lab, hosts: Object.fromEntries(hosts) }
}

type Planted = readonly [
  rule: string,
  service: string,
  lab: Lab,
  path: readonly (string | number)[],
  value: Json | undefined,
  message: RegExp,
]

const services = (...path: readonly (string | number)[]) => ['services', ...path]
const dns = (...path: readonly (string | number)[]) => services('dnsmasq', ...path)
const vrrp = (...path: readonly (string | number)[]) => services('keepalived', 'routers', 'services', ...path)
const eye = (...path: readonly (string | number)[]) => services('prometheus', ...path)
const proxy = (...path: readonly (string | number)[]) => services('haproxy', ...path)
const web = (...path: readonly (string | number)[]) => proxy('frontends', 'web', ...path)
const wiki = (...path: readonly (string | number)[]) => proxy('backends', 'wiki', ...path)
const moving = (...path: readonly (string | number)[]) => services('keepalived', 'routers', ...path)
const nets = (...path: readonly (string | number)[]) => services('tinc', 'networks', ...path)

const planted: readonly Planted[] = [
  ['unknown-network', 'corosync', example, services('corosync', 'links', 0), 'clutser', /no network "clutser"/],
  ['link-twice', 'corosync', example, services('corosync', 'links'), ['cluster', 'cluster'], /is link 0 already/],
  [
    'link-number-taken',
    'corosync',
    pair,
    services('corosync', 'links', 1, 'number'),
    0,
    /number 0 is the one of link "mesh" already/,
  ],
  ['no-link-zero', 'corosync', pair, services('corosync', 'links', 0, 'number'), 2, /no link has the number 0/],
  [
    'link-missing',
    'corosync',
    pair,
    ['hosts', 'node-a', 'addresses', 'mesh'],
    undefined,
    /node-a has no address in "mesh"/,
  ],
  ['node-id-missing', 'corosync', example, ['hosts', 'pve2', 'id'], null, /pve2 has no id/],
  ['mixed-platforms', 'corosync', example, ['hosts', 'pve2', 'platform'], 'debian', /two homes/],
  [
    'even-votes',
    'corosync',
    example,
    services('corosync', 'votes'),
    { pve1: 2 },
    /4 votes.*loss of 1, no more than 3 votes would/,
  ],
  ['even-votes', 'corosync', pair, services('corosync', 'twoNode'), false, /2 votes.*loss of 0/],
  ['two-node', 'corosync', example, services('corosync', 'twoNode'), true, /3 with 3 votes/],
  ['device-and-two-node', 'corosync', duo, services('corosync', 'twoNode'), true, /exclude each other/],
  [
    'device-on-node',
    'corosync',
    duo,
    services('corosync', 'device', 'host'),
    'left',
    /"left" is a node of the cluster/,
  ],
  ['device-on-node', 'corosync', duo, services('corosync', 'device', 'host'), '10.5.0.12', /is a node of the cluster/],
  [
    'device-on-node',
    'corosync',
    example,
    services('corosync', 'device'),
    { host: 'dns1', network: 'services' },
    /"dns1" is a guest on pve1/,
  ],
  [
    'device-without-address',
    'corosync',
    changed(
      changed(duo, ['hosts', 'left', 'addresses', 'cable'], undefined),
      ['hosts', 'right', 'addresses', 'cable'],
      undefined,
    ),
    services('corosync'),
    { cluster: 'duo', links: ['cable'], device: { host: 'left', network: 'cable' } },
    /left has no address in "cable"/,
  ],
  [
    'device-out-of-reach',
    'corosync',
    duo,
    ['hosts', 'left', 'addresses', 'lan'],
    undefined,
    /left has no address in "lan"/,
  ],
  ['device-votes', 'corosync', duo, services('corosync', 'device', 'votes'), 2, /device with 2/],
  ['device-votes', 'corosync', duo, services('corosync', 'votes'), { left: 2 }, /nodes with 2, 1 and/],
  [
    'device-votes',
    'corosync',
    duo,
    services('corosync', 'device'),
    { host: '192.0.2.53', network: 'lan', algorithm: 'lms', votes: 2 },
    /it alone would be a quorum/,
  ],
  [
    'device-beside-odd-nodes',
    'corosync',
    example,
    services('corosync', 'device'),
    { host: '192.0.2.53', network: 'public', algorithm: 'lms' },
    /3 nodes, an odd number.*no node may fail any more/,
  ],
  ['device-host', 'corosync', duo, services('corosync', 'device', 'host'), 'witness', /"witness" is neither a host/],
  ['unknown-network', 'corosync', duo, services('corosync', 'device', 'network'), 'lam', /no network "lam"/],
  ['unknown-host', 'corosync', example, services('corosync', 'votes'), { pve9: 1, pve1: 3 }, /no host "pve9"/],
  ['consensus-too-short', 'corosync', pair, services('corosync', 'consensus'), 1600, /1600 ms/],
  ['unknown-network', 'tinc', example, nets('clutser'), { port: 700 }, /no network "clutser"/],
  ['not-a-vpn', 'tinc', example, nets('public'), { port: 700 }, /carried by physical/],
  ['vpn-over-vpn', 'tinc', example, services('tinc', 'over'), 'services', /is a tinc VPN itself/],
  ['port-taken', 'tinc', example, nets('services', 'port'), 655, /port 655 is the one of "cluster"/],
  [
    'unknown-tinc-option',
    'tinc',
    example,
    nets('cluster', 'options'),
    { PingIntervall: 5 },
    /"PingIntervall" is no variable/,
  ],
  ['unknown-tinc-option', 'tinc', example, nets('cluster', 'options'), { ConectTo: 'x' }, /ignore it silently/],
  ['tinc-option-reserved', 'tinc', example, nets('cluster', 'options'), { Mode: 'hub' }, /"Mode" cannot be set/],
  [
    'no-way-to-peer',
    'tinc',
    example,
    ['hosts', 'pve2', 'addresses', 'public'],
    undefined,
    /pve2.*no address in "public"/,
  ],
  ['network-not-carried', 'tinc', example, nets('services'), undefined, /"services" is carried by tinc/],
  ['unknown-host', 'interfaces', example, services('interfaces', 'hosts', 0), 'ndoes', /no host and no group "ndoes"/],
  ['interfaces-of-a-guest', 'interfaces', example, services('interfaces', 'hosts'), ['all'], /dns1.* is a guest/],
  ['unknown-network', 'keepalived', example, vrrp('network'), 'servces', /no network "servces"/],
  ['no-virtual-address', 'keepalived', example, vrrp('network'), 'cluster', /has no address for its virtual router/],
  ['unknown-host', 'keepalived', example, vrrp('priorities'), { pve1: 250, pve4: 240 }, /no host "pve4"/],
  ['router-is-a-guest', 'keepalived', example, vrrp('priorities'), { dns1: 250, pve1: 240 }, /dns1.* is a guest/],
  [
    'router-without-address',
    'keepalived',
    example,
    ['hosts', 'pve2', 'addresses', 'services'],
    undefined,
    /no IPv4 address/,
  ],
  ['priority-taken', 'keepalived', example, vrrp('priorities', 'pve2'), 250, /priority 250 of pve2/],
  ['slow-takeover', 'keepalived', example, vrrp('priorities'), { pve1: 100, pve2: 75 }, /0\.71 s longer/],
  ['password-needs-whole-seconds', 'keepalived', example, vrrp('interval'), 0.5, /version 3/],
  [
    'router-id-taken',
    'keepalived',
    example,
    services('keepalived', 'routers', 'z'),
    { network: 'services', id: 10, priorities: { pve1: 1 } },
    /id 10/,
  ],
  [
    'two-routers',
    'keepalived',
    example,
    services('keepalived', 'routers', 'z'),
    { network: 'services', id: 11, priorities: { pve1: 1 } },
    /already/,
  ],
  ['unknown-host', 'haproxy', front, proxy('hosts', 0), 'egde1', /no host and no group "egde1"/],
  ['unknown-network', 'haproxy', front, web('listen', 0, 'network'), 'appps', /no network "appps"/],
  ['unknown-network', 'haproxy', front, wiki('network'), 'appps', /no network "appps"/],
  ['unknown-network', 'haproxy', front, proxy('metrics', 'network'), 'laan', /no network "laan"/],
  ['no-virtual-address', 'haproxy', front, web('listen', 1, 'address'), 'router', /"lan" has no address of a virtual/],
  [
    'instance-without-address',
    'haproxy',
    front,
    ['hosts', 'edge2', 'addresses', 'apps'],
    undefined,
    /edge2 .* has no address there/,
  ],
  [
    'port-taken',
    'haproxy',
    front,
    proxy('frontends', 'moved', 'listen', 0, 'port'),
    143,
    /"imap" listens at 10\.7\.0\.1:143 already|"moved" listens/,
  ],
  ['port-taken', 'haproxy', front, proxy('metrics', 'port'), 8080, /"web" listens at 192\.0\.2\.12:8080 already/],
  ['port-in-use', 'haproxy', front, web('listen', 1, 'port'), 22, /every host sshd.* port 22 /],
  ['port-in-use', 'haproxy', proxmox(front), web('listen', 0, 'port'), 8006, /on edge2 pveproxy .* port 8006 /],
  ['unknown-virtual-address', 'haproxy', front, web('listen', 0, 'address'), 'ingres', /no virtual address "ingres"/],
  ['router-elsewhere', 'haproxy', front, proxy('hosts', 0), 'wiki1', /never on wiki1, which is a guest/],
  ['unknown-backend', 'haproxy', front, web('backend'), 'wikki', /no backend "wikki"/],
  ['unknown-backend', 'haproxy', front, web('routes', 'files.front.example'), 'file', /no backend "file"/],
  ['modes-differ', 'haproxy', front, web('backend'), 'imap', /mode http, and "imap" is of mode tcp/],
  ['leads-nowhere', 'haproxy', front, proxy('frontends', 'moved', 'redirect'), undefined, /"moved" leads to no/],
  [
    'leads-nowhere',
    'haproxy',
    changed(front, proxy('frontends', 'moved', 'listen', 0, 'certificate'), 'front'),
    proxy('frontends', 'moved', 'redirect'),
    'https',
    /"moved" leads to no/,
  ],
  ['needs-http', 'haproxy', front, proxy('frontends', 'imap', 'redirect'), 'https', /"redirect" would do nothing/],
  ['backend-unused', 'haproxy', front, web('routes'), undefined, /leads to "files"/],
  ['unknown-host', 'haproxy', front, wiki('servers', 'wiki3'), {}, /no host "wiki3"/],
  ['server-is-a-host', 'haproxy', front, wiki('servers', 'wiki1', 'address'), '10.7.0.21', /wiki1 is a host/],
  ['server-outside-network', 'haproxy', front, wiki('servers', 'spare', 'address'), '10.8.0.9', /10\.8\.0\.9 is no/],
  ['server-outside-network', 'haproxy', front, wiki('servers', 'spare', 'address'), '10.7.0.999', /is no address/],
  ['server-without-address', 'haproxy', front, wiki('network'), 'lan', /wiki1 is a server in "lan"/],
  ['server-is-haproxy', 'haproxy', front, wiki('servers', 'spare'), { address: '10.7.0.2', port: 80 }, /in circles/],
  [
    'server-twice',
    'haproxy',
    front,
    wiki('servers', 'spare', 'address'),
    '10.7.0.21',
    /10\.7\.0\.21:8080 is the server/,
  ],
  ['unknown-virtual-address', 'keepalived', front, moving('mail', 'address'), 'mial', /no virtual address "mial"/],
  ['virtual-address-unheld', 'keepalived', front, moving('mail', 'address'), 'ingress', /nobody holds .* "mail"/],
  [
    'two-routers',
    'keepalived',
    front,
    moving('mail', 'address'),
    'ingress',
    /"ingress" holds "ingress" of network "apps"/,
  ],
  ['router-id-taken', 'keepalived', front, moving('mail', 'id'), 8, /id 8 is the one of "ingress"/],
  ['router-is-a-guest', 'keepalived', front, moving('apps', 'priorities'), { mail1: 250 }, /mail1 is a guest/],
  [
    'range-holds-static-address',
    'dnsmasq',
    changed(example, ['networks', 'services', 'virtual'], { ingress: ['10.0.1.80'] }),
    dns('servers', 'dns1', 'ranges', 0),
    '10.0.1.80-10.0.1.99',
    /10\.0\.1\.80, which is the virtual address "ingress"/,
  ],
  ['unknown-network', 'dnsmasq', example, dns('network'), 'servces', /no network "servces"/],
  ['unknown-host', 'dnsmasq', example, dns('servers'), { dns3: {} }, /no host "dns3"/],
  [
    'server-without-address',
    'dnsmasq',
    example,
    ['hosts', 'dns1', 'addresses', 'services'],
    undefined,
    /no address in it/,
  ],
  ['not-an-address', 'dnsmasq', example, dns('upstream', 0), '999.1.1.1', /"999\.1\.1\.1" is no IP address/],
  [
    'range-outside-network',
    'dnsmasq',
    example,
    dns('servers', 'dns1', 'ranges', 0),
    '10.0.2.100-10.0.2.199',
    /no range/,
  ],
  [
    'range-outside-network',
    'dnsmasq',
    example,
    dns('servers', 'dns1', 'ranges', 0),
    '10.0.1.199-10.0.1.100',
    /no range/,
  ],
  ['ranges-overlap', 'dnsmasq', pair, dns('servers', 'node-b', 'ranges', 0), '10.9.1.140-10.9.1.160', /overlaps/],
  [
    'range-holds-static-address',
    'dnsmasq',
    example,
    dns('servers', 'dns1', 'ranges', 0),
    '10.0.1.50-10.0.1.99',
    /10\.0\.1\.53.*dns1/,
  ],
  [
    'range-holds-static-address',
    'dnsmasq',
    example,
    dns('servers', 'dns1', 'ranges', 0),
    '10.0.1.1-10.0.1.9',
    /virtual router/,
  ],
  ['address-outside-network', 'dnsmasq', example, dns('reservations', 'vdi1', 'address'), '10.0.2.21', /10\.0\.2\.21/],
  ['address-taken', 'dnsmasq', example, dns('reservations', 'vdi1', 'address'), '10.0.1.53', /address of dns1/],
  [
    'mac-taken',
    'dnsmasq',
    example,
    dns('reservations', 'vdi2'),
    { mac: 'BC:24:11:00:00:15', address: '10.0.1.22' },
    /vdi1/,
  ],
  ['mac-is-multicast', 'dnsmasq', example, dns('reservations', 'vdi1', 'mac'), '01:00:5e:00:00:01', /multicast/],
  [
    'name-taken',
    'dnsmasq',
    example,
    dns('reservations', 'pve1'),
    { mac: 'bc:24:11:00:00:16', address: '10.0.1.23' },
    /pve1 is a host/,
  ],
  ['unknown-network', 'prometheus', watched, eye('network'), 'gests', /no network "gests"/],
  ['unknown-host', 'prometheus', watched, eye('servers', 0), 'eyes', /no host and no group "eyes"/],
  ['unknown-host', 'prometheus', watched, eye('quorum', 0), 'node', /no host and no group "node"/],
  ['unknown-host', 'prometheus', watched, eye('targets', 'haproxy', 'hosts', 0), 'w4', /no host and no group "w4"/],
  [
    'monitor-without-address',
    'prometheus',
    watched,
    ['hosts', 'w2', 'addresses', 'guests'],
    undefined,
    /w2 is watched in "guests" and has no address in it/,
  ],
  [
    'no-common-family',
    'prometheus',
    watched,
    ['hosts', 'w2', 'addresses', 'guests', 'addresses'],
    [{ ip: '10.6.1.12', prefix: 24, family: 4 }],
    /w2 has no IPv6 address in "guests", and eye no IPv4 address/,
  ],
  [
    'quorum-not-watched',
    'prometheus',
    watched,
    eye('exporters'),
    ['eye', 'w1', 'w3'],
    /w2 is in the quorum and is not/,
  ],
  [
    'job-taken',
    'prometheus',
    watched,
    eye('targets', 'node'),
    { hosts: ['w1'], port: 1 },
    /"node" is the name of a job/,
  ],
  ['target-incomplete', 'prometheus', watched, eye('targets', 'haproxy', 'port'), undefined, /has hosts and no port/],
  [
    'target-incomplete',
    'prometheus',
    watched,
    eye('targets', 'haproxy', 'hosts'),
    undefined,
    /has a port and no hosts/,
  ],
  ['target-incomplete', 'prometheus', watched, eye('targets', 'x'), { path: '/m' }, /has nothing to scrape/],
  ...[
    '192.0.2.9',
    'http://192.0.2.9:9100/metrics',
    '192.0.2.9:99999',
    '192.0.2.999:9100',
    '2001:db8::5:9100',
    '[w1]:1',
  ].map((address): Planted => [
    'not-a-target',
    'prometheus',
    watched,
    eye('targets', 'ups', 'addresses', 1),
    address,
    /is no address with a port/,
  ]),
  [
    'target-twice',
    'prometheus',
    watched,
    eye('targets', 'ups'),
    { addresses: ['[fd00:61::11]:8404'] },
    /\[fd00:61::11\]:8404 is scraped as "haproxy" already/,
  ],
  [
    'alert-taken',
    'prometheus',
    watched,
    eye('rules', 'QuorumLost'),
    { expr: 'x > 1', summary: 'x' },
    /"QuorumLost" is an alert/,
  ],
  [
    'bad-expression',
    'prometheus',
    watched,
    eye('rules', 'ManyLogins', 'expr'),
    'up = 0',
    /"=" compares nothing: up = 0/,
  ],
  ['nobody-is-told', 'prometheus', watched, eye('alertmanager'), undefined, /no Alertmanager/],
  [
    'secret-in-url',
    'prometheus',
    watched,
    eye('alertmanager', 'webhook', 'url'),
    'https://lab:hunter2@alerts.example.com/',
    /holds a user or a password/,
  ],
  [
    'unknown-host',
    'custom',
    example,
    services('custom', 'forwarding', 'hosts', 0),
    'node',
    /no host and no group "node"/,
  ],
  [
    'source-missing',
    'custom',
    example,
    services('custom', 'forwarding', 'files', 0),
    '/etc/sysctl.d/60-forwardng.conf',
    /has no source/,
  ],
  ['source-unused', 'custom', example, services('custom', 'forwarding'), undefined, /is used by nothing/],
  [
    'template-fails',
    'custom',
    example,
    ['files', 'nodes/etc/nftables.conf.njk'],
    'a\n{{ nope }}\n',
    /nftables\.conf\.njk:2: "nope" is not defined/,
  ],
  [
    'bad-pattern',
    'custom',
    example,
    services('custom', 'forwarding', 'probe', 0, 'stdout'),
    '(',
    /no regular expression/,
  ],
  [
    'file-taken',
    'custom',
    example,
    services('custom', 'masquerade', 'files', 0),
    '/etc/sysctl.d/60-forwarding.conf',
    /written by "forwarding"/,
  ],
  [
    'path-not-plain',
    'custom',
    example,
    services('custom', 'forwarding', 'files', 0),
    '/etc/../root/.ssh/authorized_keys',
    /not a plain path/,
  ],
  [
    'path-in-pmxcfs',
    'custom',
    example,
    services('custom', 'forwarding', 'files', 0),
    '/etc/pve/storage.cfg',
    /cluster's file system/,
  ],
  [
    'access-layer',
    'custom',
    example,
    services('custom', 'forwarding', 'files', 0),
    '/etc/ssh/sshd_config.d/10-lab.conf',
    /decides who comes in, and "forwarding" is of the layer "router"/,
  ],
  [
    'firewall-port',
    'custom',
    example,
    ['files', 'nodes/etc/nftables.conf.njk'],
    'table inet x {\n  chain y {\n    type filter hook input priority 0\n    tcp dport 22 drop\n  }\n}\n',
    /pve1 lets nobody in at port 22.*"tcp dport 22 drop"/,
  ],
  [
    'no-key',
    'custom',
    example,
    services('custom', 'forwarding', 'files', 0),
    '/root/.ssh/authorized_keys',
    /knows no key, and the deployer comes as root/,
  ],
]

for (const [rule, service, lab, path, value, message] of planted) {
  test(`${service}: ${rule} is found at ${path.join('.')} = ${JSON.stringify(value)}`, () => {
    const found = findings(service, changed(lab, path, value))
    const match = found.find((one) => one.rule === rule && message.test(one.message))
    assert.ok(match, JSON.stringify(found, null, 2))
    assert.ok(match.help.length > 5, match.help)
    assert.ok(match.at.file.endsWith('.yaml'), match.at.file)
  })
}

test('no two legal names of hosts become one to tinc', () => {
  const name = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,6}[a-z0-9])?$/)
  fc.assert(fc.property(name, name, (a, b) => a === b || tincName(a) !== tincName(b)))
})

test('a network that tinc names wrongly is one mistake, where it is named', () => {
  const { cluster, ...others } = (example.services['tinc'] as { networks: Record<string, Json> }).networks
  const lab = changed(example, services('tinc', 'networks'), { ...others, clutser: cluster! })
  assert.equal(
    findings('tinc', lab).map(({ rule, help }) => [rule, help]),
    [['unknown-network', 'did you mean "cluster"?']],
  )
})

test('a way for VPNs that is not there is one mistake, however many use it', () => {
  const found = findings('tinc', changed(example, services('tinc', 'over'), 'publik'))
  assert.equal(
    found.map(({ rule, at }) => [rule, at.path.join('.')]),
    [['unknown-network', 'over']],
  )
})

test('every rule of the renderers has a mistake planted for it', () => {
  const folder = join(packageRoot, 'renderers')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  const code = files.map((file) => readFileSync(join(folder, file), 'utf8')).join('\n')
  const rules = [...code.matchAll(/\b(?:mistake|mistakenKey|doubt)\(\s*'([a-z-]+)'/g)].map(([, rule]) => rule!)
  const found = new Set(planted.map(([rule]) => rule))
  assert.ok(rules.length > 30, `${rules.length} rules`)
  assert.equal(
    rules.filter((rule) => !found.has(rule)),
    [],
  )
})

test('a name that is nearly right is suggested', () => {
  const [finding] = findings('tinc', changed(example, nets('cluster', 'options'), { ConectTo: 'x' }))
  assert.match(finding?.help ?? '', 'did you mean "ConnectTo"?')
})

test.run()
