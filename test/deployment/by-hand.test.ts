/** What only a person can do: everything else first, then the exact commands, and the next run sees that it was done. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { requireRendering } from '../../scripts/lib/bundle/lab-rendering.ts'
import { loadRenderers } from '../../scripts/lib/definition/registry.ts'
import { packageRoot } from '../../scripts/lib/roots.ts'
import { withDeparting } from '../../scripts/lib/deployment/departing.ts'
import { startBench, type Bench } from './bench.ts'

const shared = ({ lab }: Bench) => join(lab.folder('pve1'), 'etc/pve/corosync.conf')
const version = (bench: Bench) => Number(/config_version: (\d+)/.exec(readFileSync(shared(bench), 'utf8'))?.[1])

/** What "pvecm add" does on pve4: the node is in the shared file under the next number, and pve4 has its copy and runs. `id`: its nodeid. */
async function pvecmAdd(bench: Bench, id: number): Promise<void> {
  const old = readFileSync(shared(bench), 'utf8')
  const node = `  node {\n    name: pve4\n    nodeid: ${id}\n    quorum_votes: 1\n    ring0_addr: 10.0.0.14\n  }\n`
  await put(bench, old.replace('nodelist {\n', `nodelist {\n${node}`))
  writeFileSync(join(bench.lab.folder('pve4'), 'etc/corosync/corosync.conf'), readFileSync(shared(bench)))
  await onNode(bench, 'pve4', 'systemctl restart corosync')
}

/** What "pvecm delnode" does: the node is out of the shared file, under the next number. */
async function pvecmDelnode(bench: Bench): Promise<void> {
  await put(bench, readFileSync(shared(bench), 'utf8').replace(/ {2}node \{\n {4}name: pve4[^}]*\}\n/, ''))
}

/** As everybody edits it: a copy, and then in one step under the next number. pmxcfs takes it to all nodes. */
async function put(bench: Bench, text: string): Promise<void> {
  const edited = text.replace(/config_version: \d+/, `config_version: ${version(bench) + 1}`)
  await onNode(
    bench,
    'pve1',
    'cat >etc/pve/corosync.conf.new && mv etc/pve/corosync.conf.new etc/pve/corosync.conf',
    edited,
  )
}

async function onNode({ connect, lab }: Bench, node: string, command: string, input = ''): Promise<void> {
  const { way } = four.hosts[node]!
  const remote = await connect(node, way)
  const said = await remote.exec(command, input, 10_000)
  remote.close()
  if (said.exit !== 0) throw new Error(`${node}: ${said.stderr}`)
  await lab.clock.sleep(2000)
}

const folder = mkdtempSync(join(tmpdir(), 'quorate-by-hand-'))
const lab = join(folder, 'lab')
const renderers = await loadRenderers(packageRoot)
cpSync(join(packageRoot, 'lab'), lab, { recursive: true })
// The rest only takes time.
for (const name of ['custom', 'dnsmasq', 'keepalived']) rmSync(join(lab, `services/${name}.yaml`))
rmSync(join(lab, 'files'), { recursive: true })
rmSync(join(lab, 'guests'), { recursive: true })
const rendered = () => requireRendering(lab, folder, renderers, { note: () => {}, colour: false, warnings: false })
const three = await rendered()
const third = readFileSync(join(lab, 'nodes/pve3.yaml'), 'utf8')
const fourth = third.replaceAll('.13', '.14').replaceAll('::13', '::14').replace('id: 3', 'id: 4')
writeFileSync(join(lab, 'nodes/pve4.yaml'), fourth)
const four = await rendered()
test.after(() => rmSync(folder, { recursive: true, force: true }))

test('a node joins a Proxmox VE cluster: its VPN is prepared, the run stops with the commands, and goes on once corosync has it; and it leaves again', async () => {
  const bench = await startBench(four, 20, renderers)
  try {
    const first = await bench.deploy(three)
    assert.is(first.exit, 0, JSON.stringify(first.failure))
    const number = version(bench)
    for (const turn of ['the first', 'again, with nothing done meanwhile']) {
      const stopped = await bench.deploy(four)
      assert.is(stopped.exit, 4, turn)
      assert.is(stopped.failure?.what, 'pve4 joins the cluster')
      assert.match(stopped.failure?.now ?? '', 'everything else is in place')
      assert.match(stopped.failure?.next ?? '', 'pvecm add 10.0.0.11 --nodeid 4 --votes 1 --link0 10.0.0.14')
      assert.ok(stopped.steps.every(({ outcome }) => outcome === 'confirmed'))
      assert.ok(existsSync(join(bench.lab.folder('pve1'), 'etc/tinc/cluster/hosts/pve4')))
      assert.is(version(bench), number)
    }
    await pvecmAdd(bench, 5)
    const wrong = await bench.deploy(four)
    assert.is(wrong.exit, 4, 'another id than the definition says is not what was asked for')
    assert.is(version(bench), number + 1)
    await pvecmDelnode(bench)
    await pvecmAdd(bench, 4)
    const done = await bench.deploy(four)
    assert.is(done.exit, 0, JSON.stringify(done.failure))
    assert.is(version(bench), number + 4, 'written anew as the definition has it')
    const same = await bench.deploy(four)
    assert.equal([same.exit, same.steps], [0, []])
    await bench.lab.node('pve4').kill()
    const leaving = withDeparting(three, four.hosts)
    const without = { without: ['pve4'], connect: bench.connectWithin(1000) }
    const early = await bench.deploy(leaving, without)
    assert.is(early.exit, 4)
    assert.match(early.failure?.what ?? '', 'pve4 leaves the cluster')
    assert.match(early.failure?.next ?? '', /pvecm delnode pve4.*quorate deploy --without pve4/)
    assert.ok(existsSync(join(bench.lab.folder('pve1'), 'etc/tinc/cluster/hosts/pve4')), 'nothing goes before')
    await pvecmDelnode(bench)
    // Each VPN promises all but one, and one is gone for good.
    const left = await bench.deploy(leaving, { ...without, acceptOutage: ['tinc.cluster', 'tinc.services'] })
    assert.is(left.exit, 0, JSON.stringify(left.failure))
    assert.not.match(readFileSync(shared(bench), 'utf8'), 'pve4')
    assert.not.ok(existsSync(join(bench.lab.folder('pve1'), 'etc/tinc/cluster/hosts/pve4')))
  } finally {
    await bench.close()
  }
})

test.run()
