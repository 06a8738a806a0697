/** What a change means: who is told what, what is away meanwhile, and which changes are for a person. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { renderers } from '../../renderers/index.ts'
import type { Json, Lab, Transition } from '../../renderers/renderer.ts'
import { changed } from './changed.ts'
import { labIn } from './lab-folder.ts'

const example = await labIn('example')
const pair = await labIn('pair')
const front = await labIn('front')

function move(service: string, before: Lab | null, after: Lab): Transition {
  const renderer = renderers.find((one) => one.service === service)
  if (renderer === undefined) throw new Error(service)
  return renderer.transition(before === null ? {} : renderer.settings(before), renderer.settings(after))
}

type Change = readonly [what: string, service: string, lab: Lab, path: readonly (string | number)[], value: Json]

const refused: readonly Change[] = [
  [
    'a node of corosync changes its address',
    'corosync',
    pair,
    ['hosts', 'node-a', 'addresses', 'mesh', 'addresses', 0, 'ip'],
    '10.9.0.77',
  ],
  ['corosync gets another name', 'corosync', pair, ['services', 'corosync', 'cluster'], 'other'],
  ['corosync loses its encryption', 'corosync', pair, ['services', 'corosync', 'crypto'], false],
  ['a cluster is no two-node cluster any more', 'corosync', pair, ['services', 'corosync', 'twoNode'], false],
  ['corosync gets another name on Proxmox VE', 'corosync', example, ['services', 'corosync', 'cluster'], 'other'],
  ['votes change on Proxmox VE', 'corosync', example, ['services', 'corosync', 'votes'], { pve1: 2 }],
  ['encryption is switched on Proxmox VE', 'corosync', example, ['services', 'corosync', 'crypto'], false],
  [
    'a router’s own address changes',
    'keepalived',
    example,
    ['hosts', 'pve2', 'addresses', 'services', 'addresses', 0, 'ip'],
    '10.0.1.22',
  ],
  ['a VPN gets another port on all hosts', 'tinc', example, ['services', 'tinc', 'networks', 'cluster', 'port'], 700],
]

for (const [what, service, lab, path, value] of refused) {
  test(`${what}: refused, with the reason and what a person can do`, () => {
    const transition = move(service, lab, changed(lab, path, value))
    assert.is(transition.kind, 'refuse')
    if (transition.kind !== 'refuse') return
    assert.ok(transition.why.length > 20)
    assert.match(transition.manual, /quorate deploy|commit of its own/)
  })
}

const rolling: readonly Change[] = [
  ['corosync’s token changes on Proxmox VE', 'corosync', example, ['services', 'corosync', 'token'], 5000],
  ['corosync’s token changes on Debian', 'corosync', pair, ['services', 'corosync', 'token'], 5000],
  ['corosync loses a link', 'corosync', pair, ['services', 'corosync', 'links'], ['mesh']],
  ['a link’s priority changes on Debian', 'corosync', pair, ['services', 'corosync', 'links', 1, 'priority'], 1],
  [
    'a router’s priority changes',
    'keepalived',
    example,
    ['services', 'keepalived', 'routers', 'services', 'priorities', 'pve1'],
    254,
  ],
  [
    'a host’s public address changes',
    'tinc',
    example,
    ['hosts', 'pve1', 'addresses', 'public', 'addresses', 0, 'ip'],
    '198.51.100.12',
  ],
  ['a lease gets longer', 'dnsmasq', example, ['services', 'dnsmasq', 'lease'], '72h'],
  ['a backend moves to another port', 'haproxy', front, ['services', 'haproxy', 'backends', 'files', 'port'], 81],
  ['an interface gets another MTU', 'interfaces', example, ['networks', 'services', 'mtu'], 1300],
]

for (const [what, service, lab, path, value] of rolling) {
  test(`${what}: host by host`, () => {
    assert.is(move(service, lab, changed(lab, path, value)).kind, 'rolling')
  })
}

for (const { service } of renderers) {
  test(`the first deployment of ${service} is rolling, and the same again needs nobody to be told`, () => {
    assert.is(move(service, null, example).kind, 'rolling')
    const again = move(service, example, example)
    assert.is(again.kind, 'rolling')
    if (again.kind === 'rolling') assert.equal(again.effects ?? {}, {})
  })
}

test('corosync.conf cannot change on some nodes only, nor when one of them holds what a reload cannot change', () => {
  const renderer = renderers.find((one) => one.service === 'corosync')
  const [old, now] = [example, changed(example, ['services', 'corosync', 'token'], 5000)].map((lab) =>
    renderer?.settings(lab),
  )
  const mixed = { ...old, pve2: now?.['pve2'] ?? null }
  assert.is(renderer?.transition(old ?? {}, mixed).kind, 'refuse')
  assert.is(renderer?.transition(mixed, now ?? {}).kind, 'rolling', 'an earlier run did not get through')
  const other = renderer?.settings(changed(example, ['services', 'corosync', 'cluster'], 'other'))
  assert.is(renderer?.transition({ ...old, pve2: other?.['pve2'] ?? null }, old ?? {}).kind, 'refuse')
})

test('a node joins corosync and leaves it again by its file, but not on Proxmox VE, and nobody else may change meanwhile', () => {
  const platform = (lab: Lab, is: 'debian' | 'proxmox'): Lab => ({
    ...lab,
    hosts: Object.fromEntries(Object.entries(lab.hosts).map(([name, host]) => [name, { ...host, platform: is }])),
  })
  const { pve3: _, ...two } = example.hosts
  const without = { ...example, hosts: two }
  for (const [before, after, word] of [
    [without, example, 'joins'],
    [example, without, 'leaves'],
  ] as const) {
    assert.is(move('corosync', platform(before, 'debian'), platform(after, 'debian')).kind, 'rolling')
    const hand = move('corosync', before, after)
    assert.is(hand.kind, 'by-hand')
    if (hand.kind !== 'by-hand') continue
    assert.match(hand.why, `pve3 ${word} the cluster`)
    assert.match(hand.manual, word === 'joins' ? 'pvecm add 10.0.0.11 --nodeid 3' : 'pvecm delnode pve3')
    assert.is(hand.rest, word === 'joins' ? 'goes-on' : 'waits')
    const both = move('corosync', before, changed(after, ['services', 'corosync', 'crypto'], false))
    assert.match(both.kind === 'refuse' ? both.why : both.kind, 'encryption', 'what is refused anyway is not hidden')
  }
  const moved = changed(example, ['hosts', 'pve1', 'addresses', 'cluster', 'addresses', 0, 'ip'], '10.0.0.77')
  const both = move('corosync', platform(without, 'debian'), platform(moved, 'debian'))
  assert.match(both.kind === 'refuse' ? both.why : '', 'link 0 ("cluster") is the only link, and it changes')
})

test('tinc: who is no peer any more is cut off by those that it leaves', () => {
  const { pve3: _, ...two } = example.hosts
  const left = move('tinc', example, { ...example, hosts: two })
  if (left.kind !== 'rolling') throw new Error(left.kind)
  const { interrupts } = left.effects?.['pve1']?.['tinc.cluster'] ?? { interrupts: [] }
  assert.equal(interrupts, ['tinc.cluster@pve1', 'net:cluster@pve1', 'tinc.cluster@pve3', 'net:cluster@pve3'])
})

test('corosync that leaves is refused', () => {
  const renderer = renderers.find((one) => one.service === 'corosync')
  assert.is(renderer?.transition(renderer.settings(pair), {}).kind, 'refuse')
})

test('corosync’s first files tell nobody: no corosync runs that could reload', () => {
  assert.equal(move('corosync', null, pair), {
    kind: 'rolling',
    effects: {
      'node-a': { corosync: { acts: [], interrupts: [], maxSeconds: 0 } },
      'node-b': { corosync: { acts: [], interrupts: [], maxSeconds: 0 } },
    },
  })
})

test('tinc: a new peer interrupts nothing, a changed one counts as an interruption, the own port restarts', () => {
  const { pve3, ...others } = example.hosts
  assert.ok(pve3)
  const joined = move('tinc', { ...example, hosts: others }, example)
  assert.is(joined.kind, 'rolling')
  if (joined.kind !== 'rolling') return
  assert.equal(joined.effects?.['pve1']?.['tinc.cluster'], {
    acts: [{ unit: 'tinc@cluster.service', do: 'reload' }],
    interrupts: [],
    maxSeconds: 0,
  })
  assert.equal(joined.effects?.['pve3']?.['tinc.cluster']?.acts.at(-1), { unit: 'tinc@cluster.service', do: 'restart' })

  const moved = move(
    'tinc',
    example,
    changed(example, ['hosts', 'pve1', 'addresses', 'public', 'addresses', 0, 'ip'], '198.51.100.12'),
  )
  if (moved.kind !== 'rolling') throw new Error('refused')
  assert.equal(moved.effects?.['pve2']?.['tinc.cluster'], {
    acts: [{ unit: 'tinc@cluster.service', do: 'reload' }],
    interrupts: ['tinc.cluster@pve2', 'net:cluster@pve2'],
    maxSeconds: 1,
  })
  assert.is(moved.effects?.['pve1']?.['tinc.cluster']?.maxSeconds, 5)
})

test('HAProxy is reloaded whatever changes, and restarted never', () => {
  const renderer = renderers.find((one) => one.service === 'haproxy')
  const parts = Object.entries(renderer?.settings(front) ?? {}).flatMap(([host, each]) => renderer!.parts(host, each))
  const effects = parts.flatMap(({ files }) => files.map(({ onChange }) => onChange))
  assert.is(effects.length, 6)
  for (const { acts, interrupts } of effects) {
    assert.equal(interrupts, [])
    assert.equal(
      acts.map((act) => ('do' in act ? act.do : act.run)),
      ['enable', 'start', 'reload'],
    )
  }
})

test('what root is told to run by is another word for another file, also where only a route changes', () => {
  const renderer = renderers.find((one) => one.service === 'haproxy')
  const wordOf = (lab: Lab) =>
    renderer!.parts('edge1', renderer!.settings(lab)['edge1']!)[0]?.probe.find(({ run }) => run[0] === 'curl')?.stdout
  const moved = changed(front, ['services', 'haproxy', 'frontends', 'web', 'routes', 'files.front.example'], 'wiki')
  const ordered = changed(front, ['services', 'haproxy', 'hosts'], ['edge1', 'edge2'])
  assert.match(wordOf(front) ?? '', /^\^[0-9a-f]{32}\$$/)
  assert.is.not(wordOf(moved), wordOf(front))
  assert.is(wordOf(ordered), wordOf(front))
})

test('no unit is ever told that is an umbrella for others', () => {
  for (const lab of [example, pair]) {
    for (const renderer of renderers) {
      for (const [host, settings] of Object.entries(renderer.settings(lab))) {
        const effects = renderer
          .parts(host, settings)
          .flatMap((part) => [part.onRemove, ...part.files.map((file) => file.onChange)])
        for (const act of effects.flatMap((effect) => effect.acts)) {
          if ('unit' in act)
            assert.not.ok(['tinc.service', 'networking.service', 'network.target'].includes(act.unit), act.unit)
        }
      }
    }
  }
})

test.run()
