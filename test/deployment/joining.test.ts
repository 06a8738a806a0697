/** Members that come and go: nobody asks for one before its peers know it, nor once it has left. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Group, Member, Probe } from '../../renderers/renderer.ts'
import { requireRendering } from '../../scripts/lib/bundle/lab-rendering.ts'
import type { Bundle } from '../../scripts/lib/bundle/rendering.ts'
import { loadRenderers } from '../../scripts/lib/definition/registry.ts'
import { withDeparting } from '../../scripts/lib/deployment/departing.ts'
import { viewOf, type World } from '../../scripts/lib/deployment/groups.ts'
import { packageRoot } from '../../scripts/lib/roots.ts'
import { startBench } from './bench.ts'

const ping = (peer: string): Probe => ({ title: peer, run: ['ping', peer], exit: [0], withinSeconds: 30 })

function member(host: string, peers: readonly string[]): Member {
  const up = peers.filter((peer) => peer !== host).map(ping)
  return { id: `vpn@${host}`, host, votes: 1, needs: [], provides: [], up }
}

function group(hosts: readonly string[]): Group {
  const members = hosts.map((host) => member(host, hosts))
  return { id: 'vpn', kind: 'pool', minimum: 1, soakSeconds: 0, members, agree: [] }
}

function bundles(hosts: readonly string[]): Readonly<Record<string, Bundle>> {
  return Object.fromEntries(hosts.map((host) => [host, { host, groups: [group(hosts)] } as unknown as Bundle]))
}

const asked = (world: World) =>
  viewOf('vpn', world)?.members.map(({ host, up }) => `${host}: ${up.map(({ title }) => title).join(' ')}`)

const world = (before: readonly string[], after: readonly string[], updated: readonly string[], completed = false) => ({
  before: bundles(before),
  after: bundles(after),
  updated: (host: string) => updated.includes(host),
  begun: ({ host }: Pick<Member, 'host'>) => updated.includes(host),
  completed: () => completed,
})

test('while a node joins, only the old members are asked, and for each other only', () => {
  assert.equal(asked(world(['a', 'b'], ['a', 'b', 'c'], [])), ['a: b', 'b: a'])
  assert.equal(asked(world(['a', 'b'], ['a', 'b', 'c'], ['a', 'c'])), ['a: b', 'b: a'])
})

test('what a change takes away is asked for until the member’s own first step, and what both sides ask for always', () => {
  const withLinks = (numbers: readonly number[]) => {
    const up = numbers.map((number): Probe => ({ ...ping(`link${number}`), droppable: true }))
    const members = ['a', 'b'].map((host) => ({ ...member(host, []), up: [...up, ping('quorum')] }))
    const bundle = (host: string) => ({ host, groups: [{ ...group([]), members }] }) as unknown as Bundle
    return { a: bundle('a'), b: bundle('b') }
  }
  const between = { ...world(['a', 'b'], ['a', 'b'], []), before: withLinks([0, 1]), after: withLinks([0, 2]) }
  assert.equal(asked(between), ['a: link0 link1 quorum', 'b: link0 link1 quorum'])
  const begun = { ...between, begun: () => true }
  assert.equal(asked(begun), ['a: link0 quorum', 'b: link0 quorum'])
  assert.equal(asked({ ...begun, completed: () => true }), ['a: link0 link2 quorum', 'b: link0 link2 quorum'])
  assert.equal(asked({ ...begun, after: {} }), ['a: link0 link1 quorum', 'b: link0 link1 quorum'])
})

test('from the step on that completes the group all new members are asked for everybody', () => {
  assert.equal(asked(world(['a', 'b'], ['a', 'b', 'c'], ['a', 'b', 'c'], true)), ['a: b c', 'b: a c', 'c: a b'])
})

test('a member that leaves is not asked any more once its host is updated', () => {
  assert.equal(asked(world(['a', 'b', 'c'], ['a', 'b'], ['c'])), ['a: b c', 'b: a c'])
  assert.equal(asked(world(['a', 'b', 'c'], ['a', 'b'], ['a', 'b', 'c'], true)), ['a: b', 'b: a'])
})

test('on bare hosts nobody is asked before the group is complete', () => {
  assert.equal(asked(world([], ['a', 'b'], ['a'])), [])
  assert.equal(asked(world([], ['a', 'b'], ['a', 'b'], true)), ['a: b', 'b: a'])
})

test('a fourth node joins two VPNs step by step, leaves them again, one of them leaves the lab with all its members, and all of it is confirmed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-joining-'))
  const lab = join(folder, 'lab')
  const renderers = await loadRenderers(packageRoot)
  cpSync(join(packageRoot, 'lab'), lab, { recursive: true })
  // corosync takes no new node without its own commands, and the rest only takes time.
  for (const name of ['corosync', 'custom', 'dnsmasq', 'keepalived']) rmSync(join(lab, `services/${name}.yaml`))
  rmSync(join(lab, 'files'), { recursive: true })
  rmSync(join(lab, 'guests'), { recursive: true })
  const rendered = () => requireRendering(lab, folder, renderers, { note: () => {}, colour: false, warnings: false })
  const three = await rendered()
  const edit = (file: string, from: string | RegExp, to: string) => {
    const old = readFileSync(join(lab, file), 'utf8')
    assert.not.equal(old.replace(from, to), old, `${file} is edited`)
    writeFileSync(join(lab, file), old.replace(from, to))
  }
  const third = readFileSync(join(lab, 'nodes/pve3.yaml'), 'utf8')
  const fourth = third.replaceAll('.13', '.14').replaceAll('::13', '::14').replace('id: 3', 'id: 4')
  writeFileSync(join(lab, 'nodes/pve4.yaml'), fourth)
  const four = await rendered()
  const bench = await startBench(four, 20, renderers)
  try {
    const first = await bench.deploy(three)
    assert.is(first.exit, 0, JSON.stringify(first.failure))
    const outcome = await bench.deploy(four)
    assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
    assert.equal(
      Object.values(outcome.hosts).map(({ outcome: end }) => end),
      ['applied', 'applied', 'applied', 'applied'],
    )
    assert.ok(outcome.steps.every(({ outcome: end }) => end === 'confirmed'))
    const back = await bench.deploy(withDeparting(three, four.hosts))
    assert.is(back.exit, 0, JSON.stringify(back.failure))
    assert.is(back.hosts['pve4']?.outcome, 'applied')
    assert.not.ok(existsSync(join(bench.lab.folder('pve4'), 'etc/tinc/cluster/tinc.conf')))
    const same = await bench.deploy(withDeparting(three, four.hosts))
    assert.equal([...new Set(Object.values(same.hosts).map(({ outcome: end }) => end))], ['unchanged'])
    const again = await bench.deploy(four)
    assert.is(again.exit, 0, JSON.stringify(again.failure))
    for (const node of [1, 2, 3, 4]) edit(`nodes/pve${node}.yaml`, / {2}services: .*\n/, '')
    edit('services/tinc.yaml', / {2}services:\n {4}port: 656\n/, '')
    edit('networks.yaml', /services:\n(?: {2}.*\n)+/, '')
    // Every host has another step besides, before which it does not count as updated.
    edit('networks.yaml', 'mtu: 1400', 'mtu: 1380')
    const gone = await bench.deploy(await rendered())
    assert.is(gone.exit, 0, JSON.stringify(gone.failure))
    assert.ok(gone.steps.length >= 4)
  } finally {
    await bench.close()
    rmSync(folder, { recursive: true, force: true })
  }
})

test.run()
