/** Whose quorum or minimum must hold, and what the members need and provide. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { renderers } from '../../renderers/index.ts'
import type { Group, Lab } from '../../renderers/renderer.ts'
import { changed } from './changed.ts'
import { labIn } from './lab-folder.ts'

const example = await labIn('example')
const pair = await labIn('pair')
const front = await labIn('front')

function group(lab: Lab, id: string): Group {
  const all = renderers.flatMap((renderer) => renderer.groups(renderer.settings(lab)))
  const found = all.find((one) => one.id === id)
  if (found === undefined) throw new Error(`${id} is not among ${all.map((one) => one.id).join(', ')}`)
  return found
}

test('three votes need two; two nodes by explicit choice need one; a second vote counts', () => {
  assert.is(group(example, 'corosync').minimum, 2)
  assert.is(group(pair, 'corosync').minimum, 1)
  assert.is(group(changed(pair, ['services', 'corosync', 'twoNode'], false), 'corosync').minimum, 2)
  const weighed = group(changed(example, ['services', 'corosync', 'votes'], { pve1: 3 }), 'corosync')
  assert.is(weighed.minimum, 3)
  assert.equal(
    weighed.members.map(({ votes }) => votes),
    [3, 1, 1],
  )
})

test('corosync needs any one of its links', () => {
  assert.equal(group(pair, 'corosync').members[0]?.needs, [['net:mesh@node-a', 'net:lan@node-a']])
})

test('a bridged VPN needs the network below and its bridge, and provides its own', () => {
  const [member] = group(example, 'tinc.services').members
  assert.equal(member?.needs, [['net:public@pve1'], ['bridge:vmbr1@pve1']])
  assert.equal(member?.provides, ['net:services@pve1'])
})

test('a node’s interfaces provide its physical networks and its bridges, not what a VPN carries', () => {
  assert.equal(group(example, 'interfaces').members[0]?.provides, [
    'net:public@pve1',
    'bridge:vmbr0@pve1',
    'bridge:vmbr1@pve1',
  ])
})

test('every id that a member needs is provided by somebody', () => {
  for (const lab of [example, pair, front]) {
    const members = renderers.flatMap((one) => one.groups(one.settings(lab))).flatMap((one) => one.members)
    const provided = new Set(members.flatMap((member) => [member.id, ...member.provides]))
    const nodes = Object.values(lab.hosts).filter((host) => host.kind === 'node')
    for (const member of members.filter(({ host }) => nodes.some(({ name }) => name === host))) {
      for (const id of member.needs.flat()) assert.ok(provided.has(id), `${member.id} needs ${id}`)
    }
  }
})

test('backups come before the master, and one host owns the address', () => {
  const { members, agree } = group(example, 'keepalived.services')
  assert.equal(
    members.map(({ host }) => host),
    ['pve3', 'pve2', 'pve1'],
  )
  assert.equal(agree, [
    {
      title: 'the owner of 10.0.1.1',
      run: ['ip', '-o', '-4', 'addr', 'show', 'to', '10.0.1.1/32'],
      pick: String.raw`\sinet6? (\S+)`,
      across: 'one',
    },
  ])
  assert.is(group(pair, 'keepalived.guests').agree.length, 2)
})

test('an address that is no router’s is held without a promise of a way out, by guests too', () => {
  const { members, offers } = group(front, 'keepalived.mail')
  assert.equal(
    members.map(({ host, up }) => [host, up.at(-1)?.title]),
    [
      ['files1', '10.7.0.24 is on ens18'],
      ['mail1', '10.7.0.23 is on ens18'],
    ],
  )
  assert.equal(offers, [{ kind: 'address', title: '"mail" 10.7.0.3', network: 'apps', address: '10.7.0.3' }])
})

test('instances of HAProxy are changed in the order of the definition, and one of two has to be there', () => {
  const { members, minimum, offers } = group(front, 'haproxy')
  assert.equal(
    members.map(({ host, needs }) => [host, needs]),
    [
      ['edge2', [['net:apps@edge2'], ['net:lan@edge2']]],
      ['edge1', [['net:apps@edge1'], ['net:lan@edge1']]],
    ],
  )
  assert.is(minimum, 1)
  assert.is(group(changed(front, ['services', 'haproxy', 'hosts'], ['edge1']), 'haproxy').minimum, 0)
  const places = (offers ?? []).map((offer) => (offer.kind === 'port' ? `${offer.address} ${offer.port}` : offer.kind))
  assert.equal(places, [
    '10.7.0.1 143',
    'fd00:7::1 143',
    '10.7.0.1 81',
    'fd00:7::1 81',
    '10.7.0.2 443',
    '10.7.0.2 80',
    '192.0.2.11 8080',
    '192.0.2.12 8080',
    'fd00:7::2 443',
    'fd00:7::2 80',
  ])
})

test('an instance is well while a server of each backend that is needed answers it', () => {
  const up = group(front, 'haproxy').members[0]?.up ?? []
  const asked = up.filter(({ run }) => run.at(-1)?.includes('metrics'))
  assert.equal(
    asked.map(({ title }) => title),
    ['a server of "wiki" answers haproxy'],
  )
  const isWell = (count: number) =>
    new RegExp(asked[0]?.stdout ?? '', 'm').test(
      `# TYPE haproxy_backend_active_servers gauge\nhaproxy_backend_active_servers{proxy="files"} 3\nhaproxy_backend_active_servers{proxy="wiki"} ${count}\n`,
    )
  assert.equal([isWell(0), isWell(1), isWell(12)], [false, true, true])
})

test('a single resolver may be away for its restart; of two, one has to answer', () => {
  const single = changed(example, ['services', 'dnsmasq', 'servers'], { dns1: {} })
  assert.is(group(single, 'dnsmasq').minimum, 0)
  assert.is(group(pair, 'dnsmasq').minimum, 1)
})

test('whoever asks for names asks all servers of its network, one after the other', () => {
  const names = (lab: Lab) => (group(lab, 'dnsmasq').offers ?? []).filter(({ kind }) => kind === 'names')
  assert.equal(names(example), [
    {
      kind: 'names',
      title: 'names from dns1 (10.0.1.53) or dns2 (10.0.1.54)',
      network: 'services',
      addresses: ['10.0.1.53', '10.0.1.54'],
      name: 'dns1.example.lab',
    },
  ])
  const single = changed(example, ['services', 'dnsmasq', 'servers'], { dns1: {} })
  assert.equal(
    names(single).map(({ title }) => title),
    ['names from dns1 (10.0.1.53)'],
  )
})

test('an item of the user with a minimum is a group', () => {
  const { members, minimum } = group(pair, 'custom.access')
  assert.is(minimum, 1)
  assert.equal(
    members.map(({ id }) => id),
    ['custom.access@node-a', 'custom.access@node-b'],
  )
})

test('what corosync-quorumtool prints is understood, and a lost member is noticed', () => {
  const whole = quorumtool(['pve1 (local)', 'pve2', 'pve3'], 'Yes', 3)
  const less = quorumtool(['pve1 (local)', 'pve2'], 'Yes', 2)
  const { agree, members } = group(example, 'corosync')
  const up = members[0]?.up ?? []
  assert.is(up.length, 2)
  const well = (text: string) => up.filter((probe) => new RegExp(probe.stdout ?? '', 'm').test(text)).length
  assert.is(well(whole), 2)
  assert.is(well(less), 1)
  assert.is(well(quorumtool(['pve1 (local)'], 'No', 1)), 0)
  const picks = agree.map(({ pick }) => [...whole.matchAll(new RegExp(pick, 'gm'))].map((match) => match[1]))
  assert.equal(picks, [['1.8'], ['1', '2', '3']])
})

/** As corosync-quorumtool 3.1.7 -s prints it. */
function quorumtool(names: readonly string[], quorate: string, votes: number): string {
  const rows = names.map((name, index) => `         ${index + 1}          1 ${name}`)
  return `Quorum information
------------------
Date:             Sun Nov 22 21:00:00 2026
Quorum provider:  corosync_votequorum
Nodes:            ${names.length}
Node ID:          1
Ring ID:          1.8
Quorate:          ${quorate}

Votequorum information
----------------------
Expected votes:   3
Highest expected: 3
Total votes:      ${votes}
Quorum:           2  
Flags:            Quorate 

Membership information
----------------------
    Nodeid      Votes Name
${rows.join('\n')}
`
}

test.run()
