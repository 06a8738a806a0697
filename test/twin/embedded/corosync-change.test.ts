/** A change of the corosync.conf that all Proxmox nodes share, and how each node gets the old one back when the change costs the quorum. */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Renderer } from '../../../renderers/renderer.ts'
import { requireRendering } from '../../../scripts/lib/bundle/lab-rendering.ts'
import type { Rendering } from '../../../scripts/lib/bundle/rendering.ts'
import { loadRenderers } from '../../../scripts/lib/definition/registry.ts'
import type { Phase } from '../../../scripts/lib/deployment/event.ts'
import type { Outcome } from '../../../scripts/lib/deployment/outcome.ts'
import type { Connect } from '../../../scripts/lib/deployment/remote.ts'
import { FailureError } from '../../../scripts/lib/failure.ts'
import { packageRoot } from '../../../scripts/lib/roots.ts'
import { startBench, type Bench } from '../../deployment/bench.ts'

interface Context {
  folder: string
  renderers: readonly Renderer[]
  /** What the nodes hold, with corosync's default token. */
  base: Rendering
  /** With a token of 1000 ms. */
  hasty: Rendering
  bench: Bench
}

const test = suite<Context>('a change of corosync.conf on Proxmox VE')
const nodes = ['pve1', 'pve2', 'pve3']
/** How the nodes are reached. */
let reached: Pick<Rendering, 'hosts'> = { hosts: {} }

test.before(async (context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'quorate-corosync-'))
  context.renderers = await loadRenderers(packageRoot)
  context.base = await rendered(context, 'base', '')
  reached = context.base
  context.hasty = await rendered(context, 'hasty', 'token: 1000\n')
})
test.after(({ folder }) => rmSync(folder, { recursive: true, force: true }))

test.before.each(async (context) => {
  const { base, renderers } = context
  context.bench = await startBench(base, 12, renderers, { connectMs: 3000, keepaliveMs: 500, configured: true })
  const { lab } = context.bench
  while ((await votes(context.bench)).some((count) => count < 3)) await lab.clock.sleep(500)
  const outcome = await context.bench.deploy(base, { adopt: true })
  assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
  assert.equal(outcome.steps, [])
  context.bench.events.length = 0
})
test.after.each(({ bench }) => bench.close())

test('goes through: written once under the next number, on all nodes, every node armed and the quorum never below two', async ({
  bench,
  hasty,
}) => {
  const watch = watchQuorum(bench)
  const outcome = await bench.deploy(hasty)
  const fewest = await watch.end()
  assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
  assert.ok(fewest >= 2, `${fewest} nodes were quorate`)
  assert.equal(numbers(bench), { shared: 2, pve1: 2, pve2: 2, pve3: 2 })
  assert.equal(tokens(bench), [1000, 1000, 1000, 1000])
  const armed = bench.events.flatMap((event) => (event.kind === 'phase' && event.phase === 'armed' ? event.hosts : []))
  assert.equal(armed.toSorted(), nodes)
  assert.equal(ends(outcome)['pve1'], 'applied')
  const again = await bench.deploy(hasty)
  assert.equal([again.exit, again.steps], [0, []])
  assert.equal([...new Set(Object.values(ends(again)))], ['unchanged'])
  assert.equal(states(bench), [])
})

test('a probe that fails while all are quorate: put back on /etc/pve, and no corosync is restarted', async ({
  bench,
  base,
  hasty,
}) => {
  const outcome = await bench.deploy(withProbe(hasty, ['systemctl', 'is-active', 'missing.service']))
  assert.is(outcome.exit, 3, JSON.stringify(outcome.failure))
  assert.equal(numbers(bench), { shared: 3, pve1: 3, pve2: 3, pve3: 3 })
  assert.equal(restarts(bench), [0, 0, 0])
  assert.equal(states(bench), [])
  await isAsBefore(bench, base)
})

test('one node that does not hear the others: put back on /etc/pve under the next number, by the deployer', async ({
  bench,
  base,
  hasty,
}) => {
  latency(bench, ['pve3'], 2000)
  const outcome = await bench.deploy(hasty)
  assert.is(outcome.exit, 3, JSON.stringify(outcome.failure))
  assert.match(outcome.failure?.now ?? '', 'pve1: reverted by the deployer')
  assert.equal([ends(outcome)['pve1'], ends(outcome)['pve3']], ['reverted', 'reverted'])
  assert.equal(numbers(bench), { shared: 3, pve1: 3, pve2: 3, pve3: 3 })
  assert.equal(restarts(bench), [0, 0, 1], 'who is quorate waits for /etc/pve, and restarts nothing')
  await isAsBefore(bench, base)
})

test('the last confirmation gets lost: who had let go already has what was put back, too', async ({
  bench,
  base,
  hasty,
}) => {
  let lost = false
  const connect: Connect = async (host, way) => {
    const remote = await bench.connect(host, way)
    return {
      ...remote,
      exec: (command, stdin, ms) => {
        const isLast = !lost && host === 'pve1' && stdin.includes("\nmain 'confirm ")
        if (!isLast) return remote.exec(command, stdin, ms)
        lost = true
        return Promise.reject(new FailureError({ what: 'lost', where: host, now: '-', next: '-' }, 4))
      },
    }
  }
  const outcome = await bench.deploy(hasty, { connect })
  assert.ok(lost)
  assert.is(outcome.exit, 3, JSON.stringify(outcome.failure))
  assert.match(outcome.failure?.now ?? '', 'pve2: it has what was put back on pmxcfs')
  assert.equal(numbers(bench), { shared: 3, pve1: 3, pve2: 3, pve3: 3 })
  await isAsBefore(bench, base)
})

test('the quorum is gone and nobody is watching: every node puts its own copy back, and then /etc/pve', async ({
  bench,
  base,
  hasty,
}) => {
  latency(bench, nodes, 2000)
  await abandoned(bench, hasty, 'activated')
  await until(bench, async () => (await votes(bench)).every((count) => count === 0), 'the quorum is lost')
  assert.is(numbers(bench)['shared'], 2)
  await until(bench, async () => (await votes(bench)).every((count) => count === 3), 'the quorum is back')
  assert.equal(restarts(bench), [1, 1, 1])
  await until(bench, () => states(bench).length === 0, 'everything is reverted')
  assert.equal(numbers(bench), { shared: 3, pve1: 3, pve2: 3, pve3: 3 })
  await isAsBefore(bench, base)
})

test('a pmxcfs that hangs keeps no node from its own copy', async ({ bench, base, hasty }) => {
  latency(bench, nodes, 2000)
  await abandoned(bench, hasty, 'activated', () => {
    for (const node of nodes) writeFileSync(join(bench.lab.folder(node), 'run/sim/pmxcfs-hangs'), '')
  })
  await until(bench, async () => (await votes(bench)).every((count) => count === 3), 'the quorum is back')
  assert.equal(numbers(bench), { shared: 2, pve1: 3, pve2: 3, pve3: 3 })
  for (const node of nodes) rmSync(join(bench.lab.folder(node), 'run/sim/pmxcfs-hangs'))
  await until(bench, () => states(bench).length === 0, 'everything is reverted')
  assert.is(numbers(bench)['shared'], 3)
  await isAsBefore(bench, base)
})

test('the node that wrote is dead: the others come back, and one of them puts /etc/pve right', async ({
  bench,
  base,
  hasty,
}) => {
  latency(bench, nodes, 2000)
  await abandoned(bench, hasty, 'activated', () => void bench.lab.node('pve1').kill())
  await until(bench, () => states(bench, ['pve2', 'pve3']).length === 0, 'two are reverted')
  assert.is(numbers(bench)['shared'], 3)
  await bench.lab.node('pve1').boot()
  await until(bench, () => states(bench).length === 0, 'the third too')
  await isAsBefore(bench, base)
})

test('all nodes lose their power: each boots with the old content, and /etc/pve follows without anybody', async ({
  bench,
  base,
  hasty,
}) => {
  latency(bench, nodes, 2000)
  let off: Promise<unknown> = Promise.resolve()
  await abandoned(bench, hasty, 'activated', () => {
    off = Promise.all(nodes.map((node) => bench.lab.node(node).kill()))
  })
  await off
  await Promise.all(nodes.map((node) => bench.lab.node(node).boot()))
  assert.equal(numbers(bench), { shared: 2, pve1: 3, pve2: 3, pve3: 3 })
  await until(bench, async () => (await votes(bench)).every((count) => count === 3), 'the quorum is there')
  await until(bench, () => states(bench).length === 0, 'everything is reverted')
  assert.is(numbers(bench)['shared'], 3)
  await isAsBefore(bench, base)
})

test('a deployer that dies before anything was written leaves every number as it was', async ({
  bench,
  base,
  hasty,
}) => {
  await abandoned(bench, hasty, 'armed', () => void bench.lab.node('pve2').kill())
  await bench.lab.node('pve2').boot()
  await until(bench, () => states(bench).length === 0, 'everything is reverted')
  assert.equal(numbers(bench), { shared: 1, pve1: 1, pve2: 1, pve3: 1 })
  await isAsBefore(bench, base)
})

test('a copy that is not what /etc/pve holds: nothing is begun', async ({ bench, hasty }) => {
  const file = join(bench.lab.folder('pve2'), 'etc/corosync/corosync.conf')
  writeFileSync(file, readFileSync(file, 'utf8').replace('config_version: 1', 'config_version: 7'))
  const outcome = await bench.deploy(hasty)
  assert.is(outcome.exit, 4)
  assert.match(
    outcome.failure?.what ?? '',
    '/etc/corosync/corosync.conf on pve2 is not what /etc/pve/corosync.conf holds',
  )
  assert.is(numbers(bench)['shared'], 1)
  assert.equal(states(bench), [])
})

async function rendered({ folder, renderers }: Context, name: string, more: string): Promise<Rendering> {
  const lab = join(folder, name, 'lab')
  cpSync(join(packageRoot, 'lab'), lab, { recursive: true })
  const file = join(lab, 'services/corosync.yaml')
  writeFileSync(file, `${readFileSync(file, 'utf8')}${more}`)
  return requireRendering(lab, folder, renderers, { note: () => {}, colour: false, warnings: false })
}

/** The rendering with one probe more for corosync.conf. */
function withProbe(rendering: Rendering, run: readonly string[]): Rendering {
  const probe = { title: 'it works', run, exit: [0], withinSeconds: 0 }
  const hosts = Object.entries(rendering.hosts).map(([host, bundle]) => {
    const parts = bundle.parts.map((part) => (part.id === 'corosync' ? { ...part, probe: [probe] } : part))
    return [host, { ...bundle, parts }] as const
  })
  return { ...rendering, hosts: Object.fromEntries(hosts) }
}

/** Nothing that takes longer than this to answer is heard, where a node's token is shorter. Milliseconds. */
function latency({ lab }: Bench, hosts: readonly string[], ms: number): void {
  for (const host of hosts) writeFileSync(join(lab.folder(host), 'run/sim/latency'), `${ms}\n`)
}

/** A deployment whose deployer is cut off from every host as soon as it says so; `then`: what happens at that moment. */
async function abandoned(bench: Bench, target: Rendering, at: Phase, then = () => {}): Promise<void> {
  let dead = false
  const gone = () => new FailureError({ what: 'killed', where: 'the deployer', now: 'dead', next: '-' }, 4)
  const alive = async <T>(does: () => Promise<T>): Promise<T> => {
    if (dead) throw gone()
    return does()
  }
  const connect: Connect = async (host, way) => {
    const remote = await alive(() => bench.connect(host, way))
    return {
      ...remote,
      exec: (command, stdin, ms) => alive(() => remote.exec(command, stdin, ms)),
      put: (files, ms) => alive(() => remote.put(files, ms)),
    }
  }
  await new Promise<void>((resolve, reject) => {
    const over = bench.deploy(target, {
      connect,
      leaseSeconds: 5,
      report: (event) => {
        if (dead || event.kind !== 'phase' || event.phase !== at) return
        dead = true
        then()
        resolve()
      },
    })
    over.then((outcome) => reject(new Error(`it ended with ${outcome.exit}: ${outcome.failure?.what}`)), reject)
  })
}

/** The next run finds nothing to do, nothing that drifted, and all nodes in one quorum. */
async function isAsBefore(bench: Bench, base: Rendering): Promise<void> {
  let outcome = await bench.deploy(base)
  while (outcome.exit === 5) {
    await bench.lab.clock.sleep(2000)
    outcome = await bench.deploy(base)
  }
  assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
  assert.equal(outcome.steps, [])
  assert.equal(await votes(bench), [3, 3, 3])
  assert.equal(tokens(bench), [null, null, null, null])
}

/** By a clock that goes faster than the machine works: patience only ends a test that hangs. */
async function until({ lab }: Bench, is: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const latest = lab.clock.now() + 900_000
  while (!(await is())) {
    if (lab.clock.now() > latest) throw new Error(`not within a quarter of an hour: ${what}`)
    await lab.clock.sleep(1000)
  }
}

const confs = ({ lab }: Bench) =>
  Object.entries({
    shared: `${lab.folder('pve1')}/etc/pve`,
    ...Object.fromEntries(nodes.map((node) => [node, `${lab.folder(node)}/etc/corosync`])),
  }).map(([name, folder]) => [name, readFileSync(join(folder, 'corosync.conf'), 'utf8')] as const)
const numbers = (bench: Bench): Readonly<Record<string, number>> =>
  Object.fromEntries(confs(bench).map(([name, text]) => [name, Number(/config_version: (\d+)/.exec(text)?.[1])]))
const tokens = (bench: Bench) =>
  confs(bench)
    .map(([, text]) => (/token: (\d+)/.exec(text) ?? [null])[1] ?? null)
    .map((token) => (token === null ? null : Number(token)))

const ends = ({ hosts }: Outcome) =>
  Object.fromEntries(Object.entries(hosts).map(([host, { outcome }]) => [host, outcome]))

/** Generations that are not over: "pve1 reverting". */
function states({ lab }: Bench, hosts: readonly string[] = nodes): readonly string[] {
  return hosts.flatMap((host) => {
    const folder = join(lab.folder(host), 'var/lib/quorate/generations')
    return readdirSync(folder).flatMap((name) => {
      const over = ['done', 'reverted'].some((state) => existsSync(join(folder, name, state)))
      return over ? [] : [`${host} ${readdirSync(join(folder, name)).join(' ')}`]
    })
  })
}

/** How often corosync was stopped on each node. */
function restarts({ lab }: Bench): readonly number[] {
  return nodes.map(
    (node) =>
      readFileSync(join(lab.folder(node), 'run/sim/journal'), 'utf8').split('Stopped corosync.service').length - 1,
  )
}

/** Every node's own count of votes; 0 where it is not quorate or is off. */
async function votes({ connect, lab }: Bench): Promise<readonly number[]> {
  return Promise.all(
    nodes.map(async (node) => {
      if (!lab.node(node).reachable()) return 0
      const { way } = reached.hosts[node]!
      const remote = await connect(node, way).catch(() => null)
      const said = await remote?.exec('corosync-quorumtool -s', '', 5000).catch(() => null)
      remote?.close()
      if (!/^Quorate: +Yes$/m.test(said?.stdout ?? '')) return 0
      return Number(/^Total votes: +(\d+)/m.exec(said?.stdout ?? '')?.[1])
    }),
  )
}

function watchQuorum(bench: Bench) {
  let fewest = nodes.length
  const watching = { on: true }
  const ended = (async () => {
    while (watching.on) {
      fewest = Math.min(fewest, (await votes(bench)).filter((count) => count >= 2).length)
      await bench.lab.clock.sleep(1500)
    }
  })()
  return {
    async end() {
      watching.on = false
      await ended
      return fewest
    },
  }
}

test.run()
