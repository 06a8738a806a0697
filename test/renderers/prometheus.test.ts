/** What is watched, who is told, and that no value of the lab can become more than a value. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parse } from 'yaml'
import { expressionFault } from '../../renderers/prometheus/expression.ts'
import { prometheus } from '../../renderers/prometheus/index.ts'
import type { Json, Lab } from '../../renderers/renderer.ts'
import { changed } from './changed.ts'
import { withFilledFiles } from './filled-files.ts'
import { labIn } from './lab-folder.ts'
import { inNamespace, missing } from './namespace.ts'

const watched = await labIn('watched')
const set = (value: Json | undefined, ...path: readonly (string | number)[]) =>
  changed(watched, ['services', 'prometheus', ...path], value)

/** A file of a host; holes as what stands for them. */
function textOf(lab: Lab, host: string, path: string): string {
  const settings = prometheus.settings(lab)[host]
  assert.ok(settings, host)
  const file = prometheus
    .parts(host, settings)
    .flatMap(({ files }) => files)
    .find((one) => one.path === path)
  assert.ok(file, path)
  return file.text.map((part) => (typeof part === 'string' ? part : 'HOLE')).join('')
}

const alertsIn = (lab: Lab) => {
  const { groups } = parse(textOf(lab, 'eye', '/etc/prometheus/quorate.rules.yml')) as {
    groups: { rules: { alert: string; expr: string; annotations: { summary: string } }[] }[]
  }
  return groups[0]?.rules ?? []
}

test('all speak the family that each of them has', () => {
  const six = prometheus.settings(watched)
  assert.equal(
    Object.values(six).map(({ address }) => address),
    ['fd00:61::90', 'fd00:61::11', 'fd00:61::12', 'fd00:61::13'],
  )
  const four = prometheus.settings(set(['w3'], 'servers'))
  assert.is(four['w1']?.address, 'fd00:61::11', 'the guest is still watched')
  const without = prometheus.settings(
    changed(set(['w3'], 'servers'), ['services', 'prometheus', 'exporters'], ['nodes']),
  )
  assert.is(without['w1']?.address, '10.6.1.11')
  assert.is(without['eye'], undefined)
})

test('there is an alert for what the lab has, and none for what it has not', () => {
  const names = (lab: Lab) => alertsIn(lab).map(({ alert }) => alert)
  assert.ok(names(watched).includes('QuorumLost'))
  assert.not.ok(names(set(undefined, 'quorum')).some((name) => name.startsWith('Quorum')))
  const plain = changed(watched, ['networks', 'guests', 'router'], [])
  assert.not.ok(names(plain).some((name) => name.startsWith('VirtualAddress')))
  const physical = changed(watched, ['networks', 'guests', 'carrier'], 'physical')
  assert.not.ok(names(physical).includes('VpnPairDown'))
  // Whoever is not watched may have it.
  const partly = names(changed(set(['eye', 'w1', 'w2'], 'exporters'), ['services', 'prometheus', 'quorum'], ['w1']))
  assert.ok(partly.includes('VirtualAddressTwice'))
  assert.not.ok(partly.includes('VirtualAddressGone'))
})

test('whatever stands in an alert of one’s own, it is read as it stands there, and nothing else is', () => {
  const line = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
    .filter((text) => /^[^\p{C}\p{Zl}\p{Zp}]*$/u.test(text))
  fc.assert(
    fc.property(line, line, (expr, summary) => {
      const rules = alertsIn(set({ Own: { expr, summary } }, 'rules'))
      const [own, ...more] = rules.filter(({ alert }) => alert === 'Own')
      assert.is(more.length, 0)
      assert.is(own?.expr, expr)
      assert.is(own?.annotations.summary, summary)
      assert.is(rules.length, alertsIn(set({}, 'rules')).length + 1)
    }),
  )
})

test('the secret of the webhook is in a file that only Alertmanager reads, and nowhere else', () => {
  const settings = prometheus.settings(watched)['eye']
  assert.ok(settings)
  const files = prometheus.parts('eye', settings).flatMap(({ files: some }) => some)
  const secret = files.filter(({ text }) => text.some((part) => typeof part !== 'string'))
  assert.equal(
    secret.map(({ path, mode, owner }) => [path, mode, owner]),
    [['/etc/prometheus/alertmanager.yml', '0640', 'root:prometheus']],
  )
})

test('a single server may be away while it is changed; of two, one has to answer', () => {
  const minimum = (lab: Lab) => prometheus.groups(prometheus.settings(lab)).map(({ id, minimum: least }) => [id, least])
  const exporters = ['prometheus.node-exporter', 0] as const
  assert.equal(minimum(watched), [['prometheus.alertmanager', 1], ['prometheus.server', 1], exporters])
  const one = minimum(set(['eye'], 'servers'))
  assert.equal(one, [['prometheus.alertmanager', 0], ['prometheus.server', 0], exporters])
  assert.equal(minimum(changed(watched, ['services', 'prometheus'], undefined)), [])
})

test('whatever listens in a network comes after what carries it', () => {
  const listening = prometheus.parts('w3', prometheus.settings(watched)['w3']!).map(({ id }) => `${id}@w3`)
  const members = prometheus.groups(prometheus.settings(watched)).flatMap((group) => group.members)
  const needs = listening.map((id) => members.find((member) => member.id === id)?.needs)
  assert.equal(needs, [[['net:guests@w3']], [['net:guests@w3']], [['net:guests@w3']]])
})

test('a single Alertmanager talks to no other, and opens no port for one', () => {
  const path = '/etc/default/prometheus-alertmanager'
  assert.match(
    textOf(watched, 'eye', path),
    '--cluster.listen-address=[fd00:61::90]:9094 --cluster.peer=[fd00:61::13]:9094"',
  )
  assert.match(textOf(set(['eye'], 'servers'), 'eye', path), / --cluster\.listen-address="$/m)
})

test('an expression is understood as far as quotes, brackets and comparisons go', () => {
  for (const fine of [
    'up == 0',
    'a >= 1 and b <= 2 unless c != 3',
    'x{a="b",c!="d",e=~"f(",g!~`\\`}',
    `rate(x{a='it"s \\' ]'}[5m]) > bool 2`,
    'sum by (a) (x) / on (a) group_left () y',
  ]) {
    assert.is(expressionFault(fine), null, fine)
  }
  for (const [wrong, what] of [
    ['up = 0', /"=" compares nothing/],
    ['a === 1', /"=" compares nothing/],
    ['sum(x', /a "\)" is missing/],
    ['sum(x))', /closes what was not opened/],
    ['x{a="b"', /a "}" is missing/],
    ['rate(x[5m)]', /"\)" stands where "]"/],
    ['x{a="b}', /a quote that begins at "b} does not end/],
  ] as const) {
    assert.match(expressionFault(wrong)?.what ?? '', what, wrong)
  }
})

const email = {
  email: {
    to: ['b@example.com', 'a@example.com'],
    from: 'lab@example.com',
    server: 'mail.example.com:587',
    user: 'lab',
  },
}
const why = missing('amtool')
const it = (title: string, run: () => Promise<void>) =>
  why === null ? test(title, run) : test.skip(`${title} (skipped: ${why})`, run)

it('amtool accepts alerts by mail, with and without a login', async () => {
  const { user: _, ...anonymous } = email.email
  for (const receiver of [email, { email: anonymous }]) {
    await withFilledFiles(set(receiver, 'alertmanager'), async (folder) => {
      const file = join(folder, 'eye/etc/prometheus/alertmanager.yml')
      const { status, stdout, stderr } = inNamespace('amtool check-config "$1"', file)
      assert.is(status, 0, `${stdout}${stderr}`)
      const text = await readFile(file, 'utf8')
      assert.is(text.includes('auth_username'), 'user' in receiver.email)
    })
  }
})

test.run()
