/** The quorum device: when its votes count, what a node is asked about it, and which of its changes a person has to make. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { corosync } from '../../renderers/corosync/index.ts'
import type { Json, Lab } from '../../renderers/renderer.ts'
import { renderers } from '../../renderers/index.ts'
import type { BothSides } from '../../scripts/lib/bundle/both-sides.ts'
import { renderLab } from '../../scripts/lib/bundle/render.ts'
import { FailureError } from '../../scripts/lib/failure.ts'
import { requestFor } from '../../scripts/lib/twin/request-for.ts'
import { assertContract } from '../contracts/contract.ts'
import { changed } from './changed.ts'
import { labIn } from './lab-folder.ts'

const duo = await labIn('duo')
const example = await labIn('example')
const device = ['services', 'corosync', 'device']
const onProxmox = (lab: Lab): Lab => {
  const hosts = Object.entries(lab.hosts).map(([name, host]) => [name, { ...host, platform: 'proxmox' as const }])
  return { ...lab, hosts: Object.fromEntries(hosts) }
}
const group = (lab: Lab) => corosync.groups(corosync.settings(lab))[0]
const change = (before: Lab, after: Lab) => {
  const way = corosync.transition(corosync.settings(before), corosync.settings(after))
  return way.kind === 'rolling' || way.kind === 'lockstep' ? way.kind : `${way.why} | ${way.manual}`
}

test('the device is a voter on no host of the lab, which needs a way from every node that stands', () => {
  assert.is(group(duo)?.minimum, 2)
  assert.equal(group(duo)?.members.at(-1), {
    id: 'qdevice@192.0.2.53',
    host: '',
    votes: 1,
    needs: [],
    needsWhile: { 'corosync@left': ['net:lan@left'], 'corosync@right': ['net:lan@right'] },
    provides: [],
    up: [],
  })
  const three = group(changed(example, device, { host: '192.0.2.53', network: 'public', algorithm: 'lms' }))
  assert.equal([three?.minimum, three?.members.at(-1)?.votes], [3, 2], 'as DOMAIN §2.4 counts it')
})

test('a device on a host of the lab is lost with that host', () => {
  const { right, ...rest } = duo.hosts
  const witness = { ...rest['left']!, name: 'witness', id: 3, addresses: { lan: rest['left']!.addresses['lan']! } }
  const links: Json = ['cable']
  const lab = changed({ ...duo, hosts: { ...rest, right: right!, witness } }, ['services', 'corosync', 'links'], links)
  const named = changed(lab, [...device, 'host'], 'witness')
  assert.equal(corosync.problems(named), [])
  assert.equal(group(named)?.members.at(-1)?.needs, [['net:lan@witness']])
  assert.is(group(named)?.members.at(-1)?.id, 'qdevice@witness')
  assert.is(corosync.settings(named)['left']?.cluster.device?.address, '192.0.2.11')
})

test('what is kept about it on the hosts is what the contract says, and a lab with one is not rehearsed: no twin has it', async () => {
  const { rendering } = renderLab(duo, renderers, {})
  for (const bundle of Object.values(rendering.hosts)) assertContract('manifest', bundle)
  const sides = { before: rendering, after: rendering, labs: [duo], base: { commit: null } }
  const tool = { quorate: [], imageFolder: '/nonexistent', making: () => {} }
  const asked = requestFor({ lab: 'test/labs/duo', fault: [], keep: false }, sides as unknown as BothSides, tool)
  const failure = await asked.then(
    () => null,
    (error: unknown) => error,
  )
  assert.instance(failure, FailureError)
  assert.match((failure as FailureError).failure.what, 'corosync counts on qdevice@192.0.2.53')
})

test('a device that is dead, or does not vote, or is not asked at all, closes the gate on that node', () => {
  const probes = group(duo)?.members[0]?.up ?? []
  const asked = probes.find(({ title }) => title === 'the quorum device is alive and votes at corosync@left')
  const counted = probes.find(({ title }) => title === 'corosync@left counts all 3 votes')
  assert.is(counted?.peers?.join(), 'right')
  assert.is(asked?.peers, undefined, 'asked also while a node is missing')
  const isWell = (own: string, other = 'A,V,NMW') => new RegExp(asked?.stdout ?? '', 'm').test(rows(own, other))
  assert.ok(isWell('A,V,NMW'))
  for (const state of ['A,NV,NMW', 'NA,NV,NMW', 'NA,V,NMW', 'NR']) assert.not.ok(isWell(state), state)
})

test('the unit of the device comes after corosync’s own, and its certificates are a person’s to make, by the exact command', () => {
  const parts = (lab: Lab, host: string) => corosync.parts(host, corosync.settings(lab)[host]!)
  const [, unit, witness] = parts(duo, 'left')
  assert.ok(unit!.id < witness!.id, `${unit!.id} ${witness!.id}`)
  assert.equal(witness?.files[0]?.onChange.acts.at(-1), { unit: 'corosync-qdevice.service', do: 'start' })
  assert.equal(witness?.onRemove.interrupts, ['qdevice@192.0.2.53'])
  assert.equal(Object.values(witness?.needs.byHand ?? {}), [
    'on one node: corosync-qdevice-net-certutil -Q -n duo 192.0.2.53 10.5.0.11 10.5.0.12',
  ])
  assert.equal(Object.values(parts(onProxmox(duo), 'left')[2]?.needs.byHand ?? {}), [
    'on one node: pvecm qdevice setup 192.0.2.53',
  ])
  assert.is(parts(changed(duo, [...device, 'tls'], 'off'), 'left')[2]?.needs.byHand, undefined)
  assert.is(parts(changed(duo, device, undefined), 'left').length, 2)
})

test('a device comes, goes and changes by hand, and nodes do not come and go beside it', () => {
  const without = changed(duo, device, undefined)
  assert.is(change(duo, changed(duo, ['services', 'corosync', 'token'], 5000)), 'rolling')
  assert.match(change(without, duo), /a quorum device comes.*certutil -Q -n duo.*enable --now corosync-qdevice/)
  assert.match(change(onProxmox(without), onProxmox(duo)), /pvecm qdevice setup 192\.0\.2\.53.*run quorate deploy/)
  assert.match(change(duo, without), /192\.0\.2\.53 goes.*disable --now corosync-qdevice/)
  assert.match(change(onProxmox(duo), onProxmox(without)), 'pvecm qdevice remove')
  assert.match(
    change(duo, changed(duo, [...device, 'tls'], 'required')),
    /changes: .*tls on\) → .*tls required\).*; then /,
  )
  const { right: _, ...left } = duo.hosts
  assert.match(change({ ...duo, hosts: left }, duo), 'a node comes or goes while there is a quorum device')
})

test('what a running corosync has loaded is held against the definition, node by node', () => {
  const way = corosync.transition(corosync.settings(changed(duo, device, undefined)), corosync.settings(duo))
  if (way.kind !== 'by-hand') throw new Error(way.kind)
  const isDone = (text: string) => new RegExp(way.done.stdout ?? '', 'm').test(text)
  assert.ok(isDone(cmap))
  for (const [from, to] of [
    ['name (str) = right', 'name (str) = rigth'],
    ['node.1.nodeid (u32) = 2', 'node.1.nodeid (u32) = 3'],
    ['10.5.0.12', '10.5.0.120'],
    ['ring2_addr', 'ring1_addr'],
    ['quorum_votes (u32) = 1', 'quorum_votes (u32) = 2'],
    ['net.host (str) = 192.0.2.53', 'net.host (str) = 192.0.2.54'],
    ['= ffsplit', '= lms'],
    ['quorum.provider', 'nodelist.node.2.name (str) = third\nquorum.provider'],
  ] as const) {
    assert.ok(cmap.includes(from))
    assert.not.ok(isDone(cmap.replace(from, to)), to)
  }
  const back = corosync.transition(corosync.settings(duo), corosync.settings(changed(duo, device, undefined)))
  const isGone = (text: string) => new RegExp((back.kind === 'by-hand' && back.done.stdout) || '!', 'm').test(text)
  assert.not.ok(isGone(cmap))
  assert.ok(isGone(cmap.replaceAll(/^quorum\.device.*\n/gm, '')))
})

/** As corosync-cmapctl 3.1.7 prints it. */
const cmap = `nodelist.local_node_pos (u32) = 0
nodelist.node.0.name (str) = left
nodelist.node.0.nodeid (u32) = 1
nodelist.node.0.quorum_votes (u32) = 1
nodelist.node.0.ring0_addr (str) = 10.5.0.11
nodelist.node.0.ring2_addr (str) = 192.0.2.11
nodelist.node.1.name (str) = right
nodelist.node.1.nodeid (u32) = 2
nodelist.node.1.quorum_votes (u32) = 1
nodelist.node.1.ring0_addr (str) = 10.5.0.12
nodelist.node.1.ring2_addr (str) = 192.0.2.12
quorum.device.model (str) = net
quorum.device.net.algorithm (str) = ffsplit
quorum.device.net.host (str) = 192.0.2.53
quorum.device.net.tls (str) = on
quorum.device.votes (u32) = 1
quorum.provider (str) = corosync_votequorum
`

/** The members as corosync-quorumtool 3.1.7 -s prints them on node 1. */
function rows(own: string, other: string): string {
  return `    Nodeid      Votes    Qdevice Name
         1          1    ${own} left (local)
         2          1    ${other} right
         0          1            Qdevice
`
}

test.run()
