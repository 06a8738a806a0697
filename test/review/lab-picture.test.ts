import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Host, Lab } from '../../renderers/lab.ts'
import { renderers } from '../../renderers/index.ts'
import { define } from '../../scripts/lib/definition/definition.ts'
import { readSources } from '../../scripts/lib/definition/source.ts'
import { labPicture } from '../../scripts/lib/review/lab-picture.ts'

const { lab } = define(await readSources('lab'), 'lab', renderers)
if (lab === null) throw new Error('the example lab has errors')
const example: Lab = lab

test('the example lab: nodes side by side, networks that join them, and what hangs on each', () => {
  assert.equal(labPicture(example), [
    '        pve1                pve2                pve3',
    '   198.51.100.11        203.0.113.12         192.0.2.13',
    '         │                   │                   │',
    ' ══ cluster 10.0.0.0/24, carried by tinc ═══════════════════',
    '         │                   │                   │',
    ' ══ services 10.0.1.0/24, carried by tinc ══════════════════',
    '     └─ router 10.0.1.1 (moves between the nodes) · dns1 10.0.1.53 (on pve1) · dns2 10.0.1.54 (on pve2)',
  ])
})

test('many nodes are listed, one below the other', () => {
  const nodes = Array.from({ length: 6 }, (_, index): Host => ({
    ...(example.hosts['pve1'] as Host),
    name: `n${index + 1}`,
  }))
  const lines = labPicture({ ...example, hosts: Object.fromEntries(nodes.map((node) => [node.name, node])) })
  assert.equal(lines.slice(0, 2), ['  n1              198.51.100.11', '  n2              198.51.100.11'])
  assert.ok(lines.every((line) => line.length <= 120 && !line.endsWith(' ')))
})

test('a node that is not in a network has no foot in it', () => {
  const pve2 = example.hosts['pve2'] as Host
  const { services: _, ...addresses } = pve2.addresses
  const lines = labPicture({ ...example, hosts: { ...example.hosts, pve2: { ...pve2, addresses } } })
  assert.is(lines[4], '         │                                       │')
})

test.run()
