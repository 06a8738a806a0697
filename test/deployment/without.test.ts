/** Lost hosts: what is left has to be enough, by numbers that are made on what is there. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { editLab } from '../../scripts/demo/sample-lab.ts'
import { requireRendering } from '../../scripts/lib/bundle/lab-rendering.ts'
import { loadRenderers } from '../../scripts/lib/definition/registry.ts'
import type { Outcome } from '../../scripts/lib/deployment/outcome.ts'
import { packageRoot } from '../../scripts/lib/roots.ts'
import { startBench, type Bench } from './bench.ts'
import { smallRendering, web, type Web } from './small-lab.ts'

const hosts = (count: number) => Array.from({ length: count }, (_, index) => `n${index + 1}`)
const rendered = (count: number, body: string, by: Readonly<Record<string, Partial<Web>>> = {}) =>
  smallRendering({ body }, by, hosts(count))
const bodies = (bench: Bench, count: number) =>
  hosts(count).map((host) => readFileSync(join(bench.lab.folder(host), 'etc/web/web.conf'), 'utf8').trim())
const fail = (bench: Bench, host: string) =>
  writeFileSync(join(bench.lab.folder(host), 'run/sim/units/web.service'), 'ActiveState=failed\n')
const gates = (bench: Bench) =>
  bench.events.flatMap((event) => (event.kind === 'phase' && event.phase === 'gated' ? [event.detail] : []))
const ends = ({ hosts: all }: Outcome) => Object.values(all).map(({ outcome }) => outcome)

async function withLab(count: number, does: (bench: Bench) => Promise<void>): Promise<void> {
  const bench = await startBench(rendered(count, 'one'), 20, [web], { connectMs: 3000 })
  try {
    const first = await bench.deploy(rendered(count, 'one'))
    assert.is(first.exit, 0, JSON.stringify(first.failure))
    bench.events.length = 0
    await does(bench)
  } finally {
    await bench.close()
  }
}

test('a lost host does not stand: what would be left without it is refused, with the numbers', async () => {
  await withLab(3, async (bench) => {
    await bench.lab.node('n3').kill()
    const outcome = await bench.deploy(rendered(3, 'two'), { without: ['n3'] })
    assert.is(outcome.exit, 4)
    assert.match(outcome.failure?.what ?? '', 'takes web from 2 to 1 of 3 members (needs 2)')
    assert.equal(bodies(bench, 3), ['one', 'one', 'one'])
  })
})

test('where enough is left it goes on, gated by everybody else', async () => {
  await withLab(4, async (bench) => {
    await bench.lab.node('n4').kill()
    const outcome = await bench.deploy(rendered(4, 'two'), { without: ['n4'] })
    assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
    assert.equal(ends(outcome), ['applied', 'applied', 'applied', 'unknown'])
    assert.equal(bodies(bench, 4), ['two', 'two', 'two', 'one'])
    assert.equal(
      gates(bench),
      hosts(3).map(() => 'web whole but for web@n4'),
    )
  })
})

test('another one that is down meanwhile forbids the step', async () => {
  await withLab(4, async (bench) => {
    await bench.lab.node('n4').kill()
    fail(bench, 'n3')
    const outcome = await bench.deploy(rendered(4, 'two'), { without: ['n4'] })
    assert.is(outcome.exit, 4)
    assert.match(outcome.failure?.what ?? '', 'web@n3')
    assert.equal(bodies(bench, 4), ['one', 'one', 'one', 'one'])
  })
})

test('when a later step fails without a lost host, the earlier ones are taken back', async () => {
  await withLab(4, async (bench) => {
    await bench.lab.node('n4').kill()
    const outcome = await bench.deploy(rendered(4, 'two', { n3: { asks: 'missing.service' } }), { without: ['n4'] })
    assert.is(outcome.exit, 3, JSON.stringify(outcome.failure))
    assert.equal(bodies(bench, 4), ['one', 'one', 'one', 'one'])
  })
})

test('a run after a half-finished one is gated by all that the first one finished', async () => {
  const all = rendered(5, 'one', { n5: { asks: 'missing.service' } })
  const bench = await startBench(all, 20, [web])
  try {
    assert.is((await bench.deploy(all, { keep: true })).exit, 4)
    for (const host of ['n2', 'n3', 'n4']) fail(bench, host)
    bench.events.length = 0
    const outcome = await bench.deploy(rendered(5, 'two'))
    assert.is(outcome.exit, 4, JSON.stringify(gates(bench)))
    assert.match(outcome.failure?.what ?? '', 'web@n2')
    assert.equal(bodies(bench, 4), ['one', 'one', 'one', 'one'])
  } finally {
    await bench.close()
  }
})

test('and it goes through where those are well, the unfinished host first', async () => {
  const all = rendered(5, 'one', { n5: { asks: 'missing.service' } })
  const bench = await startBench(all, 20, [web])
  try {
    assert.is((await bench.deploy(all, { keep: true })).exit, 4)
    bench.events.length = 0
    const outcome = await bench.deploy(rendered(5, 'two'))
    assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
    assert.is(gates(bench)[0], 'web whole but for web@n5')
    assert.ok(gates(bench).every((gate) => gate.startsWith('web whole')))
  } finally {
    await bench.close()
  }
})

test('of the example lab with a dead node the router can change, and the VPN under the quorum cannot', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-without-'))
  const lab = join(folder, 'lab')
  cpSync(join(packageRoot, 'lab'), lab, { recursive: true })
  const renderers = await loadRenderers(packageRoot)
  const rendering = () => requireRendering(lab, folder, renderers, { note: () => {}, colour: false, warnings: false })
  const bench = await startBench(await rendering(), 20, renderers, { configured: true, connectMs: 3000 })
  try {
    for (const host of ['pve1', 'pve2', 'pve3', 'dns1', 'dns2']) {
      await bench.lab.node(host).kill()
      await bench.lab.node(host).boot()
    }
    const first = await bench.deploy(await rendering(), { adopt: true })
    assert.is(first.exit, 0, JSON.stringify(first.failure))
    await bench.lab.node('pve3').kill()
    await bench.lab.clock.sleep(20_000)
    await editLab(lab, [
      { file: 'services/tinc.yaml', from: 'port: 655', to: 'port: 655\n    options: { PingInterval: 20 }' },
    ])
    const refused = await bench.deploy(await rendering(), { without: ['pve3'] })
    assert.is(refused.exit, 4)
    assert.match(refused.failure?.what ?? '', 'takes corosync from 2 to 1 of 3 votes (needs 2)')
    await editLab(lab, [
      { file: 'services/tinc.yaml', from: 'port: 655\n    options: { PingInterval: 20 }', to: 'port: 655' },
      { file: 'services/keepalived.yaml', from: 'pve2: 230', to: 'pve2: 220' },
    ])
    bench.events.length = 0
    const gone = await bench.deploy(await rendering(), { without: ['pve3'] })
    assert.is(gone.exit, 0, JSON.stringify(gone.failure))
    assert.match(gates(bench).join('; '), 'keepalived.services whole but for keepalived.services@pve3')
  } finally {
    await bench.close()
    rmSync(folder, { recursive: true, force: true })
  }
})

test.run()
