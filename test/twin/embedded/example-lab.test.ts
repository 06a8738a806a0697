/** The example lab, from bare hosts to a mistake that takes itself back, with the deployer that real hosts get. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Renderer } from '../../../renderers/renderer.ts'
import { requireRendering } from '../../../scripts/lib/bundle/lab-rendering.ts'
import type { Rendering } from '../../../scripts/lib/bundle/rendering.ts'
import { loadRenderers } from '../../../scripts/lib/definition/registry.ts'
import type { Outcome } from '../../../scripts/lib/deployment/outcome.ts'
import { packageRoot } from '../../../scripts/lib/roots.ts'
import { editLab, type Edit } from '../../../scripts/demo/sample-lab.ts'
import { startBench, type Bench } from '../../deployment/bench.ts'

interface Context {
  folder: string
  renderers: readonly Renderer[]
  bench: Bench
  /** What the hosts hold by now. */
  held: Rendering
}

const test = suite<Context>('the example lab')
const nodes = ['pve1', 'pve2', 'pve3']

const smallerMtu: readonly Edit[] = [
  { file: 'networks.yaml', from: 'subnets: [10.0.0.0/24]\n  mtu: 1400', to: 'subnets: [10.0.0.0/24]\n  mtu: 1380' },
  {
    file: 'services/dnsmasq.yaml',
    from: 'reservations:\n',
    to: "reservations:\n  vdi2: { mac: 'bc:24:11:00:00:16', address: 10.0.1.22 }\n",
  },
]
const wrongPort: readonly Edit[] = [{ file: 'nodes/pve2.yaml', from: 'port: eno1', to: 'port: eno2' }]

test.before(async (context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'quorate-example-'))
  cpSync(join(packageRoot, 'lab'), join(context.folder, 'lab'), { recursive: true })
  context.renderers = await loadRenderers(packageRoot)
  context.held = await rendered(context)
  context.bench = await startBench(context.held, 12, context.renderers, { connectMs: 3000, keepaliveMs: 500 })
})
test.after(async ({ bench, folder }) => {
  await bench?.close()
  rmSync(folder, { recursive: true, force: true })
})

test('bare hosts are brought to the definition', async ({ bench, held }) => {
  const outcome = await bench.deploy(held)
  assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
  assert.equal(ends(outcome), { dns1: 'applied', dns2: 'applied', pve1: 'applied', pve2: 'applied', pve3: 'applied' })
  assert.equal(await votes(bench, held), [3, 3, 3])
})

test('the second run changes no file, tells no unit and says unchanged of every host', async ({ bench, held }) => {
  const before = everything(bench)
  bench.events.length = 0
  const outcome = await bench.deploy(held)
  assert.is(outcome.exit, 0)
  assert.is(outcome.steps.length, 0)
  assert.equal(ends(outcome), {
    dns1: 'unchanged',
    dns2: 'unchanged',
    pve1: 'unchanged',
    pve2: 'unchanged',
    pve3: 'unchanged',
  })
  assert.not.ok(bench.events.some(({ kind }) => kind === 'phase'))
  assert.equal(everything(bench), before)
})

test('a good change goes out while two of the three nodes are quorate at every moment', async (context) => {
  const { bench } = context
  await editLab(join(context.folder, 'lab'), smallerMtu)
  context.held = await rendered(context)
  const watch = watchQuorum(bench, context.held)
  const outcome = await bench.deploy(context.held)
  const seen = await watch.end()
  assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
  assert.equal(ends(outcome), { dns1: 'applied', dns2: 'applied', pve1: 'applied', pve2: 'applied', pve3: 'applied' })
  assert.ok(seen.length >= 10, `${seen.length} samples`)
  assert.equal(
    seen.filter((sample) => sample.filter((count) => count >= 2).length < 2),
    [],
    'fewer than two nodes were quorate',
  )
  assert.match(readFileSync(join(bench.lab.folder('pve2'), 'etc/tinc/cluster/tinc-up'), 'utf8'), '1380')
})

test('a mistake that cuts a host off is taken back by its own timer, to the last byte', async (context) => {
  const { bench, held } = context
  const before = everything(bench)
  await editLab(join(context.folder, 'lab'), wrongPort)
  bench.events.length = 0
  const watch = watchQuorum(bench, context.held)
  const outcome = await bench.deploy(await rendered(context))
  const seen = await watch.end()
  assert.is(outcome.exit, 3, JSON.stringify(outcome.failure))
  assert.equal(ends(outcome), {
    dns1: 'unchanged',
    dns2: 'unchanged',
    pve1: 'unchanged',
    pve2: 'reverted',
    pve3: 'unchanged',
  })
  assert.match(outcome.failure?.now ?? '', 'reverted by its own timer')
  assert.equal(contents(everything(bench)), contents(before))
  assert.equal(
    seen.filter((sample) => sample.filter((count) => count >= 2).length < 2),
    [],
  )
  assert.equal(await votes(bench, held), [3, 3, 3])
})

test('a host that lacks a package is named with the command that installs it, and nothing is written', async (context) => {
  const { bench, held } = context
  const [name, path] = Object.entries(
    held.hosts['pve2']?.parts.find(({ service }) => service === 'keepalived')?.needs.packages ?? {},
  )[0]!
  const file = join(bench.lab.folder('pve2'), path)
  renameSync(file, `${file}.gone`)
  const before = everything(bench)
  const outcome = await bench.deploy(await rendered(context))
  renameSync(`${file}.gone`, file)
  assert.is(outcome.exit, 4)
  assert.is(outcome.failure?.next, `on pve2: apt-get install ${name}`)
  assert.is(outcome.failure?.now, 'nothing was changed on any host')
  assert.equal(everything(bench), before)
})

/** The lab's folder as it is edited by now. */
function rendered({ folder, renderers }: Context): Promise<Rendering> {
  return requireRendering(join(folder, 'lab'), folder, renderers, { note: () => {}, colour: false, warnings: false })
}

function ends({ hosts }: Outcome) {
  return Object.fromEntries(Object.entries(hosts).map(([host, { outcome }]) => [host, outcome]))
}

/** By path: the bytes and the time of every file that a deployment could write, the state below /var/lib/quorate not among them. */
function everything({ lab }: Bench): Readonly<Record<string, string>> {
  const files: Record<string, string> = {}
  for (const host of ['dns1', 'dns2', ...nodes]) {
    const etc = join(lab.folder(host), 'etc')
    for (const entry of readdirSync(etc, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name)
      if (!entry.isFile()) continue
      const { mtimeMs, mode } = statSync(path)
      files[path.slice(etc.length - host.length - 4)] = `${mtimeMs} ${mode.toString(8)} ${readFileSync(path, 'base64')}`
    }
  }
  return files
}

/** Without the times: a revert gives files new ones, for daemons look at them. */
function contents(files: Readonly<Record<string, string>>) {
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [path, text.slice(text.indexOf(' '))]))
}

/** Every node's own count of votes; 0 where it is not quorate or cannot be asked. */
async function votes({ connect, lab }: Bench, ways: Rendering): Promise<readonly number[]> {
  return Promise.all(
    nodes.map(async (node) => {
      const { way } = ways.hosts[node]!
      if (!lab.node(node).reachable()) return 0
      const remote = await connect(node, way).catch(() => null)
      const said = await remote?.exec('corosync-quorumtool -s', '', 5000).catch(() => null)
      remote?.close()
      if (!/^Quorate: +Yes$/m.test(said?.stdout ?? '')) return 0
      return Number(/^Total votes: +(\d+)/m.exec(said?.stdout ?? '')?.[1])
    }),
  )
}

function watchQuorum(bench: Bench, ways: Rendering) {
  const samples: (readonly number[])[] = []
  const watching = { on: true }
  const ended = (async () => {
    while (watching.on) {
      samples.push(await votes(bench, ways))
      await bench.lab.clock.sleep(1500)
    }
  })()
  return {
    async end() {
      watching.on = false
      await ended
      return samples
    },
  }
}

test.run()
