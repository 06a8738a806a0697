import { readFile, writeFile } from 'node:fs/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { renderers } from '../../renderers/index.ts'
import { compare } from '../../scripts/lib/bundle/compare.ts'
import { diffChanges } from '../../scripts/lib/bundle/diff.ts'
import { emptyRendering } from '../../scripts/lib/bundle/render.ts'
import type { Rendering } from '../../scripts/lib/bundle/rendering.ts'
import { readSources, type Source } from '../../scripts/lib/definition/source.ts'
import { rolloutMermaid } from '../../scripts/lib/review/rollout-mermaid.ts'
import type { Lines } from '../../scripts/lib/review/rollout-rows.ts'
import { rolloutText } from '../../scripts/lib/review/rollout-text.ts'
import { textTable } from '../../scripts/lib/review/text-table.ts'
import { planned, rolled, threeNodeGroups, threeNodes } from '../rollout/lab.ts'
import { type PartSketch, rendering } from '../rollout/sketch.ts'
import { example, renderedFrom, withSecrets } from './labs.ts'

const options = { columns: 120, from: 'a1b2c3d', to: '9e8d7c6', lines: () => 2 }

/** Without the digest, which changes with every letter of the configuration. */
function undigested(text: string): string {
  return text.replace(/^rollout [0-9a-f]{8}/m, 'rollout DIGEST')
}

async function assertGolden(name: string, text: string): Promise<void> {
  const file = new URL(`rollout-${name}`, import.meta.url)
  if (process.env['QUORATE_UPDATE_GOLDENS'] === '1') await writeFile(file, text)
  assert.fixture(text, await readFile(file, 'utf8'))
}

test('a plan shows every step with its votes, and where one more failure would be one too many', async () => {
  const young = threeNodes({ keepalived: 'young', interfaces: 'young', 'tinc.cluster': 'young' })
  const plan = planned(threeNodes(), young, { last: ['pve1'] })
  await assertGolden('plan.txt', undigested(rolloutText(plan, options)))
})

test('a plan fits a terminal of eighty columns without losing a letter', async () => {
  const plan = planned(threeNodes(), threeNodes({ interfaces: 'young' }))
  const text = rolloutText(plan, { ...options, columns: 80 })
  await assertGolden('narrow.txt', undigested(text))
  const [, table = ''] = text.split('\n\n')
  assert.ok(table.split('\n').every((line) => line.length <= 80))
})

test('a refusal says which step takes which group how far, and the ways out', async () => {
  const nodes = ['pve1', 'pve2']
  const side = (files: string) =>
    rendering(
      nodes.flatMap((host): PartSketch[] => [
        { host, part: 'interfaces', layer: 7 },
        { host, part: 'tinc.cluster', layer: 4, files, effect: { interrupts: [`tinc.cluster@${host}`] } },
        { host, part: 'corosync', layer: 8, reach: 'cluster' },
      ]),
      threeNodeGroups(nodes).filter((group) => group.id !== 'keepalived.services'),
    )
  const plan = planned(side('old'), side('young'))
  assert.is(plan.kind, 'refused')
  await assertGolden('refusal.txt', rolloutText(plan, options))
  const accepted = planned(side('old'), side('young'), { acceptOutage: ['corosync'] })
  assert.match(rolloutText(accepted, options), /NOT safe, and accepted: step 1 takes corosync from 2 to 1 \(needs 2\)/)
})

test('nothing to roll out is said in a sentence', () => {
  assert.is(
    rolloutText(planned(threeNodes(), threeNodes()), options),
    'nothing to roll out: no file changes on any host\n',
  )
})

test('three hundred hosts that get the same are one line', () => {
  const names = Array.from({ length: 300 }, (_, index) => `host${String(index).padStart(3, '0')}`)
  const side = (files: string) => rendering(names.map((host) => ({ host, part: 'motd', files })))
  const text = rolloutText(planned(side('old'), side('young')), options)
  assert.match(text, /^ 1–300 +300 hosts +motd ~2 lines +– +–$/m)
  assert.ok(text.split('\n').length < 10)
  assert.match(rolloutMermaid(rolled(side('old'), side('young'))), /1 and 299 more: motd on 300 hosts/)
})

test('text from a lab cannot end a line or move the cursor', () => {
  const acts = [{ run: ['true', 'a\n\u001b[2Jsafe: yes'] }]
  const side = (files: string) => rendering([{ host: 'a', part: 'p', files, effect: { acts } }])
  const text = rolloutText(planned(side('old'), side('young')), options)
  assert.not.match(text, /\u001b|^safe: yes/m)
})

test('a diagram has a box per wave, and text from a lab stays text in it', () => {
  const acts = [{ run: ['x"]; click s1 "javascript:1"<b>`'] }]
  const side = (files: string) => rendering([{ host: 'a', part: 'p', files, effect: { acts } }])
  assert.is(
    rolloutMermaid(rolled(side('old'), side('young'))),
    [
      'flowchart LR',
      '  subgraph w1["wave 1"]',
      '    s1["1: p on a<br/>x#34;#93;#59; click s1 #34;javascript:1#34;#60;b#62;#96;"]',
      '  end',
      '',
    ].join('\n'),
  )
})

test('a table wraps its widest column and parts long paths after a slash', () => {
  const table = textTable(['a', 'b'], [[['1'], ['/etc/some/where/far/below']]], 20)
  assert.is(table, ' a  b\n 1  /etc/some/where/\n    far/below\n')
})

function linesBetween(before: Rendering, after: Rendering): Lines {
  const diffs = diffChanges(before, after, compare(before, after))
  return (change) => {
    const diff = diffs.find((each) => each.path === change.path && each.hosts.includes(change.host))
    return diff === undefined ? null : Math.max(diff.added, diff.removed)
  }
}

test('the example lab from nothing', async () => {
  const after = await example((text) => text)
  const before = emptyRendering(after.lab)
  const plan = planned(before, after, {}, renderers)
  await assertGolden(
    'example-from-nothing.txt',
    undigested(rolloutText(plan, { ...options, from: null, columns: 140 })),
  )
})

test('smaller packets in the VPN under the quorum of the example lab: one node at a time, the jump host last', async () => {
  const before = await example((text) => text)
  const after = await example((text) => text.replace('mtu: 1400', 'mtu: 1380'))
  const plan = planned(before, after, { last: ['pve1'] }, renderers)
  const lines = linesBetween(before, after)
  await assertGolden('example-mtu.txt', undigested(rolloutText(plan, { ...options, lines, columns: 140 })))
})

test('another token for the quorum of the example lab: one file for all, and every node armed', async () => {
  const before = await example((text) => text)
  const after = await example((text) => text.replace('links: [cluster]', 'links: [cluster]\ntoken: 5000'))
  const plan = planned(before, after, { last: ['pve1'] }, renderers)
  assert.equal(plan.kind === 'rollout' ? plan.rollout.waves.flat()[0]?.affects : [], ['pve1', 'pve2', 'pve3'])
  const lines = linesBetween(before, after)
  await assertGolden('example-token.txt', undigested(rolloutText(plan, { ...options, lines, columns: 140 })))
})

test('a new port for the VPN under the quorum of the example lab', async () => {
  const before = await example((text) => text)
  const after = await example((text) => text.replace('port: 655', 'port: 700'))
  const plan = planned(before, after, { last: ['pve1'] }, renderers)
  const lines = linesBetween(before, after)
  await assertGolden('example-port.txt', undigested(rolloutText(plan, { ...options, lines, columns: 140 })))
})

test('the port of sshd moves on three Debian servers: the new one beside the old one, then without it, and never at once', async () => {
  const trio = await readSources(new URL('../labs/trio', import.meta.url).pathname)
  const side = (port: string, listens: string) =>
    renderedFrom(
      trio.map(({ path, text }) => ({
        path,
        text: path.endsWith('10-lab.conf') ? `${text}${listens}` : text.replace('port: 22\n', `port: ${port}\n`),
      })),
    )
  const old = side('22', '')
  const both = side('[22, 2222]', 'Port 22\nPort 2222\n')
  const young = side('2222', 'Port 2222\n')
  for (const [name, before, after] of [
    ['port-beside.txt', old, both],
    ['port-only.txt', both, young],
    ['port-at-once.txt', old, young],
  ] as const) {
    const plan = planned(before, after, {}, renderers)
    const text = rolloutText(plan, { ...options, lines: linesBetween(before, after) })
    await assertGolden(name, undigested(text))
  }
})

test('another VRRP password in the example lab: the backups stop, the master changes alone, the backups start', async () => {
  const sides = [await withSecrets('old'), await withSecrets('new')] as const
  const plan = planned(...sides, { last: ['pve1'] }, renderers)
  const text = rolloutText(plan, { ...options, lines: linesBetween(...sides), columns: 140 })
  await assertGolden('example-password.txt', undigested(text))
})

test('another key of a host in the example lab: its peers get the public half first, and only it restarts', async () => {
  const same = (text: string) => text
  const sides = [
    await withSecrets('old', same, 'tinc.cluster.pve2'),
    await withSecrets('new', same, 'tinc.cluster.pve2'),
  ] as const
  const plan = planned(...sides, { last: ['pve1'] }, renderers)
  const text = rolloutText(plan, { ...options, lines: linesBetween(...sides), columns: 140 })
  await assertGolden('example-key.txt', undigested(text))
})

test('another router id in the example lab: the address is away for seconds, so somebody has to accept it', async () => {
  const sides = [await example((text) => text), await example((text) => text.replace('id: 10', 'id: 11'))] as const
  const shown = (plan: ReturnType<typeof planned>) =>
    undigested(rolloutText(plan, { ...options, lines: linesBetween(...sides), columns: 140 }))
  await assertGolden('example-router-id-refused.txt', shown(planned(...sides, { last: ['pve1'] }, renderers)))
  const accepted = planned(...sides, { last: ['pve1'], acceptOutage: ['keepalived.services'] }, renderers)
  await assertGolden('example-router-id.txt', shown(accepted))
})

test('a link of corosync goes to other addresses: it becomes another number, in one version, while the other link stays', async () => {
  const duo = await readSources(new URL('../labs/duo', import.meta.url).pathname)
  const edit = (file: string, from: string, to: string) => (source: Source) =>
    source.path === file ? { ...source, text: source.text.replace(from, to) } : source
  const moved = duo
    .map(edit('nodes/left.yaml', 'address: 192.0.2.11/24', 'address: [192.0.2.111/24, 192.0.2.11/24]'))
    .map(edit('services/corosync.yaml', 'number: 2', 'number: 3'))
  const sides = [renderedFrom(duo), renderedFrom(moved)] as const
  const plan = planned(...sides, { last: [] }, renderers)
  const text = rolloutText(plan, { ...options, lines: linesBetween(...sides), columns: 140 })
  await assertGolden('corosync-link.txt', undigested(text))
  const inPlace = duo.map(edit('nodes/left.yaml', '192.0.2.11/24', '192.0.2.111/24'))
  const refusal = planned(sides[0], renderedFrom(inPlace), { last: [] }, renderers)
  await assertGolden('corosync-address-refused.txt', rolloutText(refusal, options))
  const both = moved.map(edit('nodes/left.yaml', 'address: 10.5.0.11/24', 'address: 10.5.0.111/24'))
  const two = planned(sides[0], renderedFrom(both), { last: [] }, renderers)
  await assertGolden('corosync-two-links-refused.txt', rolloutText(two, options))
})

test('two nodes and a quorum device: from nothing, an interface, and by the same way without the device', async () => {
  const duo = await readSources(new URL('../labs/duo', import.meta.url).pathname)
  const after = renderedFrom(duo)
  const first = planned(emptyRendering(after.lab), after, {}, renderers)
  await assertGolden('duo-from-nothing.txt', undigested(rolloutText(first, { ...options, from: null, columns: 140 })))
  const mtu = (sources: readonly Source[]) =>
    renderedFrom(
      sources.map((each) => ({
        ...each,
        text: each.text.replace('title: The switch', 'title: The switch\n  mtu: 1400'),
      })),
    )
  const plan = planned(after, mtu(duo), {}, renderers)
  const lines = linesBetween(after, mtu(duo))
  await assertGolden('duo-interface.txt', undigested(rolloutText(plan, { ...options, lines, columns: 140 })))
  const alone = duo.map((each) => ({ ...each, text: each.text.replace(/device:[^]*/, '') }))
  const refused = planned(renderedFrom(alone), mtu(alone), {}, renderers)
  await assertGolden('duo-without-device.txt', rolloutText(refused, options))
  const removed = planned(after, renderedFrom(alone), {}, renderers)
  await assertGolden('duo-device-goes.txt', rolloutText(removed, options))
})

test('a node joins a cluster on Proxmox VE: its VPN first, then the commands, then the rest; one that leaves goes by hand first', async () => {
  const three = await readSources(new URL('../../lab', import.meta.url).pathname)
  const node = three.find(({ path }) => path === 'nodes/pve3.yaml') ?? { path: '', text: '' }
  const fourth = node.text
    .replace('id: 3', 'id: 4')
    .replaceAll(/\.13\b/g, '.14')
    .replaceAll('::13', '::14')
  const four = [...three, { path: 'nodes/pve4.yaml', text: fourth }]
  const sides = [renderedFrom(three), renderedFrom(four)] as const
  const shown = { ...options, lines: linesBetween(...sides), columns: 140 }
  const joins = planned(...sides, { last: ['pve1'] }, renderers)
  await assertGolden('pve-joins.txt', undigested(rolloutText(joins, shown)))
  const settled = planned(...sides, { last: ['pve1'], settled: ['corosync'] }, renderers)
  await assertGolden('pve-joined.txt', undigested(rolloutText(settled, shown)))
  const leaves = planned(sides[1], sides[0], { last: ['pve1'] }, renderers)
  await assertGolden('pve-leaves.txt', rolloutText(leaves, shown))
})

test('a fourth node comes to three Debian servers, and goes again', async () => {
  const three = await readSources(new URL('../labs/trio', import.meta.url).pathname)
  const node = three.find(({ path }) => path === 'nodes/n3.yaml') ?? { path: '', text: '' }
  const fourth = node.text
    .replace('Server 3', 'Server 4')
    .replace('id: 3', 'id: 4')
    .replaceAll(/\.(?:23|13)\b/g, '.24')
  const four = [...three, { path: 'nodes/n4.yaml', text: fourth }]
  for (const [name, before, after] of [
    ['trio-comes.txt', three, four],
    ['trio-goes.txt', four, three],
  ] as const) {
    const sides = [renderedFrom(before), renderedFrom(after)] as const
    const plan = planned(...sides, { last: [] }, renderers)
    const text = rolloutText(plan, { ...options, lines: linesBetween(...sides), columns: 140 })
    await assertGolden(name, undigested(text))
  }
})

test.run()
