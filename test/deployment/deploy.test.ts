import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Rendering } from '../../scripts/lib/bundle/rendering.ts'
import type { Event } from '../../scripts/lib/deployment/event.ts'
import { outcomeText } from '../../scripts/lib/review/deployment-text.ts'
import { assertContract } from '../contracts/contract.ts'
import { startBench, type Bench } from './bench.ts'
import { voting } from './ha-lab.ts'
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

/** ha-manager as pve-ha-manager 4 answers: a node whose resource manager is active is armed. */
function installHa(bench: Bench, states: Readonly<Record<string, string>>) {
  const lines = Object.entries(states).map(([node, state]) => `lrm ${node} (${state}, Mon Nov 23 00:00:00 2026)\n`)
  const text = `quorum OK\nmaster n1 (active, Mon Nov 23 00:00:00 2026)\n${lines.join('')}`
  const file = join(dirname(bench.lab.folder('n1')), '.lab/bin/ha-manager')
  writeFileSync(file, `#!/bin/sh\ncat <<'TEXT'\n${text}TEXT\n`, { mode: 0o755 })
}

const deadlines = (events: readonly Event[]) =>
  events.flatMap((event) => (event.kind === 'phase' && event.phase === 'armed' ? [event.detail] : []))

test('where HA is armed a step that interrupts votes is armed for at most 24 s, and refused when it needs more', async ({
  bench,
}) => {
  assert.is((await bench.deploy(voting(one, 2))).exit, 0)
  installHa(bench, { n1: 'idle', n2: 'active', n3: 'idle' })
  bench.events.length = 0
  const swift = await bench.deploy(voting(two, 2))
  assert.is(swift.exit, 0, JSON.stringify(swift.failure))
  assert.equal(deadlines(bench.events), ['24 s', '24 s', '24 s'])
  const before = hosts.map((host) => statSync(fileOf(bench, host)).mtimeMs)
  const slow = await bench.deploy(voting(smallRendering({ body: 'three' }), 30))
  assert.is(slow.exit, 4)
  assert.match(slow.failure?.what ?? '', 'this one needs 45 s (units 30 s, soak 12 s, confirmation 3 s)')
  assert.match(slow.failure?.what ?? '', 'HA is armed on')
  assert.match(slow.failure?.next ?? '', 'disarm-ha')
  assert.equal(
    hosts.map((host) => statSync(fileOf(bench, host)).mtimeMs),
    before,
  )
  installHa(bench, { n1: 'idle', n2: 'idle', n3: 'wait_for_agent_lock' })
  const idle = await bench.deploy(voting(smallRendering({ body: 'three' }), 30))
  assert.is(idle.exit, 0, JSON.stringify(idle.failure))
})

test('HA that is armed while the rollout goes on counts from the next step on', async ({ bench }) => {
  assert.is((await bench.deploy(voting(one, 2))).exit, 0)
  installHa(bench, { n1: 'idle', n2: 'idle', n3: 'idle' })
  const outcome = await bench.deploy(voting(two, 30), {
    report: (event) => {
      if (event.kind === 'phase' && event.phase === 'confirmed')
        installHa(bench, { n1: 'idle', n2: 'active', n3: 'idle' })
    },
    keep: true,
  })
  assert.is(outcome.exit, 4, JSON.stringify(outcome.failure))
  assert.match(outcome.failure?.what ?? '', 'HA is armed on')
  assert.equal(
    outcome.steps.map(({ outcome: end }) => end),
    ['confirmed', 'not-started', 'not-started'],
  )
})

test('an unreachable host is said once, with how long its timer takes and where to read on', async ({ bench }) => {
  await bench.deploy(one)
  const outcome = await bench.deploy(smallRendering({ body: 'one' }, { n1: { body: 'two' } }), {
    report: (event) => {
      bench.events.push(event)
      if (event.kind === 'phase' && event.phase === 'activated')
        writeFileSync(join(bench.lab.folder('n1'), 'run/sim/cut'), '')
      if (event.kind === 'failed') rmSync(join(bench.lab.folder('n1'), 'run/sim/cut'))
    },
  })
  assertContract('outcome', outcome)
  assert.is(outcome.exit, 3, JSON.stringify(outcome.failure))
  assert.is(outcome.failure?.what.split('cannot be reached').length, 2, outcome.failure?.what)
  assert.match(outcome.failure?.what ?? '', /and 1 more: web not whole$/)
  assert.ok((outcome.steps[0]?.faults?.length ?? 0) >= 2)
  assert.match(outcome.logs?.[0] ?? '', /^n1: journalctl -u web\.service --since "20\d\d-\d\d-\d\d [\d:]{8} UTC"$/)
  const waits = bench.events.flatMap((event) => (event.kind === 'waiting' ? [event.detail] : []))
  assert.match(waits[0] ?? '', /^n1 is away; its own timer takes the step back in \d+ s/)
  assert.match(outcomeText(outcome, true), /\n {2}logs {2}n1: journalctl/)
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

test('without the key a run that only looks says the same, by what the hosts report of files with secrets', async ({
  bench,
}) => {
  const secret = smallRendering({ body: 'one', more: true })
  const look = (target: Rendering) => bench.deploy(target, { apply: false, secrets: null })
  assert.is((await look(secret)).steps.length, 3)
  await bench.deploy(secret)
  const same = await look(secret)
  assert.is(same.exit, 0, JSON.stringify(same.failure))
  assert.is(same.steps.length, 0)
  assert.is((await look(smallRendering({ body: 'one' }, { n1: { more: true } }))).steps.length, 2)
  writeFileSync(fileOf(bench, 'n1', '/etc/web/key.priv'), 'edited\n')
  assert.match((await look(secret)).failure?.what ?? '', 'n1:/etc/web/key.priv')
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
