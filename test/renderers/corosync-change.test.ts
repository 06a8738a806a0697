/** Which changes of corosync.conf a running corosync takes, key by key and link by link. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { keys } from '../../renderers/corosync/key-change.ts'
import schema from '../../renderers/corosync/schema.json' with { type: 'json' }
import { corosync } from '../../renderers/corosync/index.ts'
import type { Lab } from '../../renderers/renderer.ts'
import { changed } from './changed.ts'
import { labIn } from './lab-folder.ts'

const example = await labIn('example')
const pair = await labIn('pair')
const mesh = ['hosts', 'node-a', 'addresses', 'mesh', 'addresses']
const lan = ['hosts', 'node-a', 'addresses', 'lan', 'addresses']
const links = ['services', 'corosync', 'links']

function move(before: Lab, after: Lab) {
  return corosync.transition(corosync.settings(before), corosync.settings(after))
}

/** Why it is refused, and the way out. */
function refused(before: Lab, after: Lab): string {
  const way = move(before, after)
  return way.kind === 'refuse' ? `${way.why} | ${way.manual}` : way.kind
}

const ip = (address: string, prefix = 24) => ({ ip: address, prefix, family: 4 as const })

/** The lab with link "lan" as number 2 and node-a at another address there, the old one kept or not. */
function moved(lab: Lab, keepsOld: boolean): Lab {
  const numbered = changed(lab, [...links, 1], { network: 'lan', number: 2, priority: 5 })
  return changed(numbered, lan, [ip('192.0.2.77'), ...(keepsOld ? [ip('192.0.2.7')] : [])])
}

test('every key of the schema is judged: a new one has to be taken by a reload, or refused', () => {
  assert.equal(Object.keys(keys).toSorted(), Object.keys(schema.properties).toSorted())
})

test('a link goes to other addresses under another number, the old address kept until corosync has let go of it', () => {
  assert.is(move(pair, moved(pair, true)).kind, 'rolling')
  const back = changed(pair, lan, [ip('192.0.2.7'), ip('192.0.2.77')])
  assert.is(move(moved(pair, true), back).kind, 'rolling', 'and back')
  const cut = refused(pair, moved(pair, false))
  assert.match(cut, 'link 1 is taken away while node-a (192.0.2.7) gives up its address in "lan" in the same change')
  assert.match(cut, 'nodes/node-a.yaml, addresses.lan')
  assert.match(cut, 'lan: [NEW, 192.0.2.7]')
})

test('another address of a link that keeps its number is refused: corosync keeps the old one', () => {
  const one = refused(pair, changed(pair, [...lan, 0], ip('192.0.2.77')))
  assert.match(one, 'link 1 gets another address on node-a: 192.0.2.7 → 192.0.2.77 (nodes/node-a.yaml, addresses.lan)')
  assert.match(one, '{ network: lan, number: 2 }')
  const zero = refused(pair, changed(pair, [...mesh, 0], ip('10.9.0.77')))
  assert.match(zero, 'link 0 gets another address on node-a: 10.9.0.7 → 10.9.0.77')
  assert.match(zero, 'one node after the other: systemctl restart corosync')
})

test('two links at once, and the only one, are refused with what to do first', () => {
  const three = changed(pair, links, ['mesh', 'lan', 'rack'])
  const both = changed(changed(three, [...lan, 0], ip('192.0.2.77')), links, [
    'mesh',
    { network: 'lan', number: 3 },
    { network: 'rack', number: 4 },
  ])
  const two = refused(three, both)
  assert.match(two, 'links 1 and 2 change in one version of services/corosync.yaml')
  assert.match(two, 'One link per version: change link 1 first, run quorate deploy, then link 2.')
  const added = refused(changed(pair, links, ['mesh']), three)
  assert.match(added, 'links 1 and 2 are added in one version')
  const all = refused(pair, changed(changed(pair, [...lan, 0], ip('192.0.2.77')), [...mesh, 0], ip('10.9.0.77')))
  assert.match(all, 'no link stays as it is')
  assert.match(all, 'One link per version')
  const swapped = refused(pair, changed(pair, links, ['lan', 'mesh']))
  assert.match(swapped, 'link 0 ("mesh") and link 1 ("lan") change, and no link stays as it is')
  const sole = refused(
    example,
    changed(example, ['hosts', 'pve1', 'addresses', 'cluster', 'addresses', 0], ip('10.0.0.77')),
  )
  assert.match(sole, 'link 0 ("cluster") is the only link, and it changes')
  assert.match(sole, 'Add a second link first')
})

test('a link comes and goes while another one carries the cluster', () => {
  const one = changed(pair, links, ['mesh'])
  assert.is(move(one, pair).kind, 'rolling')
  assert.is(move(pair, one).kind, 'rolling')
})

test('nodes and links do not change together', () => {
  const { 'node-b': _, ...rest } = pair.hosts
  const alone = changed({ ...pair, hosts: rest }, links, ['mesh'])
  assert.match(refused(pair, alone), 'node-b leaves the cluster while links come or go')
})

test('of several links each is asked for by itself, and what the daemon prints is understood', () => {
  const [group] = corosync.groups(corosync.settings(pair))
  const asked = group?.members[0]?.up.filter(({ run }) => run[0] === 'corosync-cfgtool') ?? []
  assert.equal(
    asked.map(({ title, droppable, peers }) => [title, droppable, peers]),
    [
      ['corosync@node-a reaches all by link 0', true, ['node-b']],
      ['corosync@node-a reaches all by link 1', true, ['node-b']],
    ],
  )
  const well = (text: string) => asked.map(({ stdout }) => new RegExp(stdout ?? '', 'm').test(text))
  assert.equal(well(cfgtool('connected', 'connected')), [true, true])
  assert.equal(well(cfgtool('disconnected', 'connected')), [false, true])
  assert.equal(well(cfgtool('connected', 'disconnected')), [true, false])
  assert.equal(
    well(cfgtool('connected', 'connected').split('LINK ID 1')[0] ?? ''),
    [true, false],
    'a link is not there',
  )
  assert.equal(well(''), [false, false])
  const [three] = corosync.groups(corosync.settings(example))
  assert.is(three?.members[0]?.up.length, 2, 'a sole link is there when all votes are')
})

test('two nodes are whole only where the running corosync counts as its file says', () => {
  const shown = (flags: string) => `Quorate:          Yes\n\nQuorum:           1  \nFlags:            ${flags} \n`
  for (const [lab, own, other] of [
    [pair, '2Node Quorate WaitForAll', 'Quorate WaitForAll'],
    [changed(pair, ['services', 'corosync', 'twoNode'], false), 'Quorate WaitForAll', '2Node Quorate WaitForAll'],
  ] as const) {
    const { stdout } = corosync.groups(corosync.settings(lab))[0]?.members[0]?.up[0] ?? {}
    const isWell = (flags: string) => new RegExp(stdout ?? '', 'm').test(shown(flags))
    assert.equal([isWell(own), isWell(other)], [true, false])
  }
})

/** As corosync-cfgtool 3.1.7 -s prints it on the node with id 7; by link, how node 3 is. */
function cfgtool(...states: readonly string[]): string {
  const shown = states.map(
    (state, link) =>
      `LINK ID ${link} udp\n\taddr\t= 10.${link}.0.7\n\tstatus:\n\t\tnodeid:          3:\t${state}\n\t\tnodeid:          7:\tlocalhost\n`,
  )
  return `Local node ID 7, transport knet\n${shown.join('')}`
}

test.run()
