import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Lab } from '../../renderers/renderer.ts'
import { guestPortLines, lineCommands, nodeLines, powerOffLines, wanLines } from '../../scripts/lib/twin/wan.ts'
import { wiringOf } from '../../scripts/lib/twin/wiring.ts'
import { labIn } from '../renderers/lab-folder.ts'

test('servers on unrelated networks have a segment each, with their own provider’s gateways', async () => {
  const { segments, nodes } = wiringOf([await labIn('example')])
  assert.equal(
    segments.map(({ gateways }) => gateways),
    [
      ['198.51.100.1/24', '2001:db8:1::1/64'],
      ['203.0.113.1/24', '2001:db8:2::1/64'],
      ['192.0.2.1/24', '2001:db8:3::1/64'],
    ],
  )
  assert.equal(
    nodes.map(({ cables }) => cables.map(({ port, segment, bridge }) => [port, segment, bridge])),
    [[['eno1', 0, 'vmbr0']], [['eno1', 1, 'vmbr0']], [['eno1', 2, 'vmbr0']]],
  )
})

test('servers in one subnet share a segment', async () => {
  const lab = await labIn('example')
  const host = lab.hosts['pve2']
  const foot = host?.addresses['public']
  if (host === undefined || foot === undefined) throw new Error('pve2 has no public address')
  const moved = {
    ...foot,
    addresses: [{ ip: '198.51.100.12', prefix: 24, family: 4 as const }],
    gateways: ['198.51.100.1'],
  }
  const together: Lab = {
    ...lab,
    hosts: { ...lab.hosts, pve2: { ...host, addresses: { ...host.addresses, public: moved } } },
  }
  assert.equal(
    wiringOf([together]).nodes.map(({ cables }) => cables[0]?.segment),
    [0, 0, 1],
  )
})

test('a host that only one of two revisions knows is wired too, and an address that changes has both its gateways', async () => {
  const lab = await labIn('example')
  const { pve3, ...others } = lab.hosts
  if (pve3 === undefined) throw new Error('there is no pve3')
  assert.equal(
    wiringOf([{ ...lab, hosts: others }, lab]).nodes.map(({ name }) => name),
    ['pve1', 'pve2', 'pve3'],
  )
  const foot = pve3.addresses['public']
  if (foot === undefined) throw new Error('pve3 has no public address')
  const moved = {
    ...foot,
    addresses: [{ ip: '100.64.0.13', prefix: 24, family: 4 as const }],
    gateways: ['100.64.0.1'],
  }
  const after: Lab = {
    ...lab,
    hosts: { ...lab.hosts, pve3: { ...pve3, addresses: { ...pve3.addresses, public: moved } } },
  }
  const { segments, nodes } = wiringOf([lab, after])
  assert.equal(segments[2]?.gateways, ['192.0.2.1/24', '2001:db8:3::1/64', '100.64.0.1/24'])
  assert.is(nodes[2]?.cables[0]?.addresses[0]?.ip, '192.0.2.13', 'the bare machine has the address of before')
})

test('a visitor stands on a node without guests, at an address that nobody has, and goes out by the router', async () => {
  const [visitor] = wiringOf([await labIn('example')]).visitors
  assert.is(visitor?.node, 'pve3')
  assert.equal(visitor?.gateways, ['10.0.1.1'])
  assert.is(visitor?.address, '10.0.1.55/24')
})

test('what a foot in a VPN answers is asked of the others, and the way in by the runner', async () => {
  const { feet } = wiringOf([await labIn('example')])
  const from = (id: string) => feet.find((foot) => foot.id === id)?.from
  assert.equal(from('net:cluster@pve2'), ['pve3', 'pve1'])
  assert.equal(from('net:public@pve2'), [])
})

test('a lab that uses the twin’s own addresses is refused, not half wired', async () => {
  const lab = await labIn('example')
  const host = lab.hosts['pve1']
  const foot = host?.addresses['public']
  if (host === undefined || foot === undefined) throw new Error('pve1 has no public address')
  const clash = { ...foot, addresses: [{ ip: '198.18.0.7', prefix: 24, family: 4 as const }] }
  const clashing: Lab = { ...lab, hosts: { ...lab.hosts, pve1: { ...host, addresses: { public: clash } } } }
  assert.throws(() => wiringOf([clashing]), /198\.18\.0\.0\/24/)
})

test('no name of a cable is longer than the kernel takes, whatever the hosts are called', async () => {
  const { nodes, guests } = wiringOf([await labIn('example')])
  const long = { name: 'a-very-long-name-of-a-server-in-a-rack', cables: nodes[0]?.cables ?? [] }
  const lines = [
    ...nodeLines(long),
    ...powerOffLines(long),
    ...guests.flatMap((guest) => guest.ports.flatMap((port) => guestPortLines(guest.name, guest.node, port))),
  ]
  const names = lines.flatMap((line) =>
    [...line.matchAll(/(?:link (?:add|set|del)|peer name) (\S+)/g)].map(([, name = '']) => name),
  )
  assert.ok(names.length > 0)
  assert.equal(
    names.filter((name) => name.length > 15),
    [],
  )
})

test('a cable is as slow and as lossy as the lab says, at both of its ends; one that the lab says nothing of is left alone', async () => {
  const lab = await labIn('example')
  const host = lab.hosts['pve2']
  const foot = host?.addresses['public']
  if (host === undefined || foot === undefined) throw new Error('pve2 has no public address')
  const slow = { ...foot, line: { latencyMs: 12.5, lossPercent: 0.5 } }
  const after: Lab = {
    ...lab,
    hosts: { ...lab.hosts, pve2: { ...host, addresses: { ...host.addresses, public: slow } } },
  }
  const [first, second] = wiringOf([lab, after]).nodes
  if (first === undefined || second === undefined) throw new Error('there are no nodes')
  assert.equal(lineCommands(first), [])
  const plug = nodeLines(second).flatMap((line) => /link add (\S+) .* peer name eno1 /.exec(line)?.[1] ?? [])
  const end = (namespace: string, device: string) =>
    `tc -n ${namespace} qdisc add dev ${device} root netem delay 12.5ms loss 0.5%`
  assert.equal(
    lineCommands(second).map((words) => words.join(' ')),
    [end('wan.', plug[0] ?? ''), end('pve2', 'eno1')],
  )
})

test('the wan has the runner’s gateway and every provider’s', async () => {
  const lines = wanLines(wiringOf([await labIn('example')]))
  assert.ok(lines.includes('-n wan. addr add 198.18.0.1/30 dev runner'))
  assert.ok(lines.includes('-n wan. addr add 203.0.113.1/24 dev s1'))
})

test.run()
