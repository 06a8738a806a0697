import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Event } from '../../scripts/lib/deployment/event.ts'
import { assertContract } from '../contracts/contract.ts'
import { startBench, type Bench } from './bench.ts'
import { smallRendering, web } from './small-lab.ts'

const test = suite<{ bench: Bench }>('deploy')

const one = smallRendering({ body: 'one' })
const two = smallRendering({ body: 'two' })

test.before.each(async (context) => {
  context.bench = await startBench(one, 20, [web])
})
test.after.each(async ({ bench }) => {
  await bench.close()
})

const fileOf = (bench: Bench, host: string, path = '/etc/web/web.conf') => join(bench.lab.folder(host), path)
const read = (bench: Bench, host: string, path?: string) => readFileSync(fileOf(bench, host, path), 'utf8')
const hosts = ['n1', 'n2', 'n3']
const ends = (outcome: { hosts: Readonly<Record<string, { outcome: string }>> }) =>
  Object.values(outcome.hosts).map(({ outcome: end }) => end)
const told = (events: readonly Event[]) =>
  events.filter((event) => event.kind === 'phase' && event.phase === 'activated').length

test('brings bare hosts to the definition, one step after the other', async ({ bench }) => {
  const outcome = await bench.deploy(one)
  assertContract('outcome', outcome)
  assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
  assert.equal(ends(outcome), ['applied', 'applied', 'applied'])
  for (const host of hosts) assert.is(read(bench, host), 'one\n')
})

test('the second run writes no file, tells no unit and says unchanged', async ({ bench }) => {
  await bench.deploy(one)
  const before = hosts.map((host) => statSync(fileOf(bench, host)).mtimeMs)
  bench.events.length = 0
  const outcome = await bench.deploy(one)
  assert.equal(ends(outcome), ['unchanged', 'unchanged', 'unchanged'])
  assert.is(told(bench.events), 0)
  assert.equal(
    hosts.map((host) => statSync(fileOf(bench, host)).mtimeMs),
    before,
  )
  assert.is(outcome.steps.length, 0)
})

test('without --apply nothing is written, not even a lease', async ({ bench }) => {
  const outcome = await bench.deploy(one, { apply: false })
  assertContract('outcome', outcome)
  assert.is(outcome.exit, 0)
  assert.equal(
    outcome.steps.map(({ outcome: end }) => end),
    ['not-started', 'not-started', 'not-started'],
  )
  for (const host of hosts) assert.not.ok(existsSync(join(bench.lab.folder(host), 'var/lib/quorate')))
})

test('a change that fails its probe comes back, with the bytes, the mode and the units as before', async ({
  bench,
}) => {
  await bench.deploy(one)
  const outcome = await bench.deploy(smallRendering({ body: 'two', asks: 'missing.service' }))
  assertContract('outcome', outcome)
  assert.is(outcome.exit, 3)
  assert.match(outcome.failure?.what ?? '', 'web is active')
  for (const host of hosts) assert.is(read(bench, host), 'one\n')
  assert.equal(ends(outcome).toSorted(), ['reverted', 'unchanged', 'unchanged'])
  const again = await bench.deploy(one)
  assert.equal(ends(again), ['unchanged', 'unchanged', 'unchanged'])
})

test('when a later step fails, the earlier ones are taken back too', async ({ bench }) => {
  await bench.deploy(one)
  const bad = smallRendering({ body: 'two', more: true }, { n3: { asks: 'missing.service' } })
  const outcome = await bench.deploy(bad)
  assert.is(outcome.exit, 3, JSON.stringify(outcome, null, 1))
  assert.equal(ends(outcome), ['reverted', 'reverted', 'reverted'])
  for (const host of hosts) {
    assert.is(read(bench, host), 'one\n')
    assert.not.ok(existsSync(fileOf(bench, host, '/etc/web/key.priv')))
    assert.not.ok(existsSync(fileOf(bench, host, '/etc/web/sites')), 'folders that were made are gone')
  }
})

test('--keep leaves the earlier steps, and the run says what stands', async ({ bench }) => {
  await bench.deploy(one)
  const outcome = await bench.deploy(smallRendering({ body: 'two' }, { n3: { asks: 'missing.service' } }), {
    keep: true,
  })
  assert.is(outcome.exit, 4)
  assert.equal(ends(outcome), ['applied', 'applied', 'reverted'])
  assert.match(outcome.failure?.now ?? '', 'stay (--keep)')
})

test('what the checker refuses never reaches its place', async ({ bench }) => {
  await bench.deploy(one)
  const outcome = await bench.deploy(smallRendering({ body: '# embedded: refuse' }))
  assert.is(outcome.exit, 3)
  assert.match(outcome.failure?.what ?? '', 'web accepts its file')
  for (const host of hosts) assert.is(read(bench, host), 'one\n')
  assert.equal((await bench.deploy(one)).exit, 0, 'what was staged is gone')
})

test('a group that is not whole forbids the step', async ({ bench }) => {
  await bench.deploy(one)
  writeFileSync(join(bench.lab.folder('n3'), 'run/sim/units/web.service'), 'ActiveState=failed\n')
  const outcome = await bench.deploy(two)
  assert.is(outcome.exit, 4)
  assert.match(outcome.failure?.what ?? '', 'web@n3')
  for (const host of hosts) assert.is(read(bench, host), 'one\n')
})

test('a file that was there before us is not overwritten without --adopt, and kept when it is', async ({ bench }) => {
  writeFileSync(fileOf(bench, 'n2'), 'mine\n')
  const refused = await bench.deploy(one)
  assert.is(refused.exit, 4)
  assert.match(refused.failure?.what ?? '', 'n2:/etc/web/web.conf')
  assert.is(read(bench, 'n2'), 'mine\n')
  const adopted = await bench.deploy(one, { adopt: true })
  assert.is(adopted.exit, 0, JSON.stringify(adopted.failure))
  assert.is(read(bench, 'n2'), 'one\n')
})

test('a file that is there already as wanted is only written down', async ({ bench }) => {
  writeFileSync(fileOf(bench, 'n2'), 'one\n', { mode: 0o644 })
  writeFileSync(join(bench.lab.folder('n2'), 'run/sim/units/web.service'), 'ActiveState=active\n')
  const { mtimeMs } = statSync(fileOf(bench, 'n2'))
  const outcome = await bench.deploy(one)
  assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
  assert.is(statSync(fileOf(bench, 'n2')).mtimeMs, mtimeMs)
  assert.equal(ends(outcome), ['applied', 'unchanged', 'applied'])
  assert.equal(ends(await bench.deploy(one)), ['unchanged', 'unchanged', 'unchanged'])
})

test('a file that somebody edited is not overwritten without --override', async ({ bench }) => {
  await bench.deploy(one)
  writeFileSync(fileOf(bench, 'n1'), 'edited by hand\n')
  const refused = await bench.deploy(two)
  assert.is(refused.exit, 4)
  assert.match(refused.failure?.next ?? '', '--override n1:/etc/web/web.conf')
  assert.is(read(bench, 'n1'), 'edited by hand\n')
  const overridden = await bench.deploy(one, { override: ['n1:/etc/web/web.conf'] })
  assert.is(overridden.exit, 0, JSON.stringify(overridden.failure))
  assert.is(read(bench, 'n1'), 'one\n')
})

test('another rollout than the reviewed one is refused', async ({ bench }) => {
  await bench.deploy(one)
  const { rollout } = await bench.deploy(two, { apply: false })
  const other = await bench.deploy(smallRendering({ body: 'three' }), { reviewed: rollout })
  assert.is(other.exit, 4)
  assert.match(other.failure?.what ?? '', 'not the rollout that was reviewed')
  assert.is((await bench.deploy(two, { reviewed: rollout })).exit, 0)
})

test('who comes second is told who is first', async ({ bench }) => {
  await bench.deploy(one)
  let second = bench.deploy(two, { only: ['n1'] })
  const first = bench.deploy(two, {
    owner: 'the first',
    report: (event) => {
      if (event.kind === 'lease') second = bench.deploy(two, { owner: 'the second' })
    },
  })
  await second
  await first
  const exits = [(await first).exit, (await second).exit]
  assert.ok(exits.includes(0))
})

test('a secret is in no outcome, no event and in no file but its own', async ({ bench }) => {
  const outcome = await bench.deploy(smallRendering({ body: 'one', more: true }))
  assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
  const secret = read(bench, 'n1', '/etc/web/key.priv').trim()
  assert.ok(secret.length > 8)
  assert.is(statSync(fileOf(bench, 'n1', '/etc/web/key.priv')).mode & 0o777, 0o600)
  assert.not.match(JSON.stringify([outcome, bench.events]), secret)
  assert.not.match(read(bench, 'n1', '/var/lib/quorate/manifest.json'), secret)
  assert.is(statSync(join(bench.lab.folder('n1'), 'var/lib/quorate')).mode & 0o777, 0o700)
})

test('a service that leaves the lab is stopped, and its files are kept aside', async ({ bench }) => {
  await bench.deploy(one)
  const gone = {
    ...one,
    hosts: Object.fromEntries(
      Object.entries(one.hosts).map(([host, bundle]) => [host, { ...bundle, parts: [], services: {}, groups: [] }]),
    ),
  }
  const outcome = await bench.deploy(gone, { acceptOutage: ['web'] })
  assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
  for (const host of hosts) assert.not.ok(existsSync(fileOf(bench, host)))
})

test.run()
