/** Hosts that were set up by hand: what runs there has as much to lose as what we wrote. */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Rendering } from '../../scripts/lib/bundle/rendering.ts'
import { requireRendering } from '../../scripts/lib/bundle/lab-rendering.ts'
import { loadRenderers } from '../../scripts/lib/definition/registry.ts'
import type { Rollout } from '../../scripts/lib/rollout/rollout.ts'
import { packageRoot } from '../../scripts/lib/roots.ts'
import { startBench, type Bench } from './bench.ts'
import { smallRendering, web } from './small-lab.ts'

const one = smallRendering({ body: 'one' })
const hosts = ['n1', 'n2', 'n3']

const fileOf = (bench: Bench, host: string, path: string) => join(bench.lab.folder(host), path)
const read = (bench: Bench, host: string, path = 'etc/web/web.conf') =>
  readFileSync(fileOf(bench, host, path), 'utf8').trim()
const gates = (bench: Bench) =>
  bench.events.flatMap((event) => (event.kind === 'phase' && event.phase === 'gated' ? [event.detail] : []))

function stepsOf({ events }: Bench): readonly Rollout['waves'][number][number][] {
  return events.flatMap((event) => (event.kind === 'planned' ? event.rollout.waves.flat() : []))
}

/** A web service that somebody set up by hand. */
function byHand(bench: Bench, host: string, state: 'active' | 'failed', text = 'mine\n'): void {
  for (const path of ['etc/web/web.conf', 'run/sim/units/web.service'])
    mkdirSync(dirname(fileOf(bench, host, path)), { recursive: true })
  writeFileSync(fileOf(bench, host, 'etc/web/web.conf'), text, { mode: 0o644 })
  writeFileSync(fileOf(bench, host, 'run/sim/units/web.service'), `ActiveState=${state}\n`)
}

async function withBench(does: (bench: Bench) => Promise<void>): Promise<void> {
  const bench = await startBench(one, 20, [web])
  try {
    await does(bench)
  } finally {
    await bench.close()
  }
}

test('a running service that is adopted is gated, counted and soaked like any other', async () => {
  await withBench(async (bench) => {
    for (const host of hosts) byHand(bench, host, 'active')
    const outcome = await bench.deploy(one, { adopt: true })
    assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
    assert.equal(gates(bench), ['web whole', 'web whole', 'web whole'])
    for (const { groups, whole } of stepsOf(bench)) {
      assert.equal(groups, [{ group: 'web', kind: 'pool', before: 3, during: 2, needs: 2, margin: 0 }])
      assert.equal(whole, ['web'])
    }
  })
})

test('one that has failed already does not count, and the others are not touched', async () => {
  await withBench(async (bench) => {
    byHand(bench, 'n1', 'active')
    byHand(bench, 'n2', 'active')
    byHand(bench, 'n3', 'failed', 'one\n')
    const outcome = await bench.deploy(one, { adopt: true })
    assert.is(outcome.exit, 4, JSON.stringify(gates(bench)))
    assert.match(outcome.failure?.what ?? '', 'takes web from 2 to 1 of 3 members (needs 2)')
    assert.equal([read(bench, 'n1'), read(bench, 'n2')], ['mine', 'mine'])
  })
})

test('a host that only has to be written down counts', async () => {
  await withBench(async (bench) => {
    byHand(bench, 'n1', 'active')
    byHand(bench, 'n2', 'active', 'one\n')
    byHand(bench, 'n3', 'active', 'one\n')
    const outcome = await bench.deploy(one, { adopt: true })
    assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
    assert.equal(gates(bench), ['web whole'])
  })
})

test('with --only the running hosts beside it count too', async () => {
  await withBench(async (bench) => {
    for (const host of hosts) byHand(bench, host, host === 'n3' ? 'failed' : 'active')
    const refused = await bench.deploy(one, { adopt: true, only: ['n1'] })
    assert.is(refused.exit, 4, JSON.stringify(gates(bench)))
    assert.is(read(bench, 'n1'), 'mine')
  })
})

test('a bare host beside adopted ones comes first, without being asked for', async () => {
  await withBench(async (bench) => {
    byHand(bench, 'n1', 'active')
    byHand(bench, 'n2', 'active')
    const outcome = await bench.deploy(one, { adopt: true })
    assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
    assert.equal(
      stepsOf(bench).map(({ writes }) => writes[0]?.host),
      ['n3', 'n1', 'n2'],
    )
    assert.is(gates(bench)[0], 'web whole but for web@n3')
  })
})

test('bare hosts have nothing to lose, and nothing is gated', async () => {
  await withBench(async (bench) => {
    const outcome = await bench.deploy(one, { adopt: true })
    assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
    assert.equal(gates(bench), ['no group is touched', 'no group is touched', 'no group is touched'])
  })
})

test('a cluster that runs with two of three votes is not touched by adopting it', async () => {
  const renderers = await loadRenderers(packageRoot)
  const quiet = { note: () => {}, colour: false, warnings: false }
  const rendering: Rendering = await requireRendering(join(packageRoot, 'lab'), packageRoot, renderers, quiet)
  const bench = await startBench(rendering, 20, renderers, { configured: true })
  const nodes = ['pve1', 'pve2', 'pve3']
  try {
    for (const node of Object.keys(rendering.hosts)) {
      await bench.lab.node(node).kill()
      await bench.lab.node(node).boot()
    }
    for (const node of nodes)
      for (const path of ['etc/tinc/cluster/tinc.conf', 'etc/network/interfaces'])
        appendFileSync(fileOf(bench, node, path), '# by hand\n')
    for (const unit of ['corosync', 'tinc@cluster'])
      writeFileSync(fileOf(bench, 'pve3', `run/sim/units/${unit}.service`), 'ActiveState=failed\n')
    const outcome = await bench.deploy(rendering, { adopt: true })
    assert.is(outcome.exit, 4, JSON.stringify(gates(bench)))
    assert.match(outcome.failure?.what ?? '', 'takes corosync from 2 to 1 of 3 votes (needs 2)')
    for (const node of nodes) assert.match(read(bench, node, 'etc/network/interfaces'), /# by hand$/)
  } finally {
    await bench.close()
  }
})

test.run()
