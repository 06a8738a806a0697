/** The twin itself: real Debian, real systemd, the real daemons. Each test here takes minutes. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { renderers } from '../../renderers/index.ts'
import { renderFolder } from '../../scripts/lib/bundle/lab-rendering.ts'
import { closeEnclosure, openEnclosure, runEnclosed, whyNoTwin } from '../../scripts/lib/twin/enclosure.ts'
import { imageOf, packagesOf } from '../../scripts/lib/twin/image.ts'
import type { RehearsalReport } from '../../scripts/lib/twin/report.ts'
import { assertContract } from '../contracts/contract.ts'
import { top } from '../house/source-tree.ts'
import type { LockOut } from './lock-out.ts'

const find = (program: string) =>
  Promise.resolve(spawnSync('/bin/sh', ['-c', 'command -v "$1"', 'sh', program]).status === 0)
const why = await whyNoTwin(find)
const twin: typeof test = Object.assign(
  (name: string, run: Parameters<typeof test>[1]) =>
    why === null ? test(name, run) : test.skip(`${name} (${why.what})`, run),
  test,
)

const launcher = join(top, 'scripts/launcher.js')
const state = '/run/quorate-twin'

/** The lab in a repository of its own, committed, and then edited; gone after the test. */
async function inRepository(
  lab: string,
  edits: readonly (readonly [file: string, from: string, to: string])[],
  run: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-rehearsal-'))
  try {
    cpSync(join(top, lab), join(folder, 'lab'), { recursive: true })
    const git = (...words: readonly string[]) =>
      execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.org', ...words], {
        cwd: folder,
        stdio: 'ignore',
      })
    git('init', '-q')
    git('add', '-A')
    git('commit', '-qm', 'base')
    for (const [file, from, to] of edits) {
      const path = join(folder, 'lab', file)
      const before = readFileSync(path, 'utf8')
      assert.ok(before.includes(from), `${file} holds ${from}`)
      writeFileSync(
        path,
        before.replace(from, () => to),
      )
    }
    await run(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Ran {
  readonly exit: number | null
  readonly report: RehearsalReport
  readonly log: string
}

function rehearse(folder: string, ...words: readonly string[]): Promise<Ran> {
  const child = spawn(
    process.execPath,
    [launcher, 'rehearse', '--lab', join(folder, 'lab'), '--base', 'HEAD', '--json', ...words],
    {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let out = ''
  let log = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
  return new Promise((resolve, reject) =>
    child.once('close', (exit) => {
      if (out === '') reject(new Error(`no report (exit ${exit}):\n${log.slice(-4000)}`))
      else resolve({ exit, log, report: JSON.parse(out) as RehearsalReport })
    }),
  )
}

/** What a rehearsal must not leave: machines, namespaces, mounts, cgroups, its record. */
function leftBehind(): readonly string[] {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      } catch {
        return ''
      }
    })
    .filter((words) => /^systemd-nspawn .*--network-namespace-path=\/run\/netns/.test(words))
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(state) || line.includes(' /run/netns '))
  const groups = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup/systemd', '/sys/fs/cgroup']
    .filter((root) => existsSync(root))
    .flatMap((root) => readdirSync(root).filter((name) => name.startsWith('quorate-twin')))
  const records = existsSync(state) ? readdirSync(state) : []
  return [...processes, ...mounts, ...groups, ...records]
}

const rolling = [
  ['networks.yaml', 'mtu: 1400', 'mtu: 1380'],
  ['services/keepalived.yaml', 'pve2: 230', 'pve2: 235'],
  ['services/dnsmasq.yaml', 'reservations:', "reservations:\n  vdi2: { mac: 'bc:24:11:00:00:16', address: 10.0.1.22 }"],
] as const

twin('the example lab: from bare machines to whole, and a change of tinc, keepalived and dnsmasq as predicted', () =>
  inRepository('lab', rolling, async (folder) => {
    const { exit, report, log } = await rehearse(folder)
    assertContract('rehearsal', report)
    assert.equal(report.violations, [], log.slice(-3000))
    assert.is(exit, 0)
    assert.equal(report.machines, { nodes: 3, guests: 1 })
    assert.is(report.deployment.exit, 0)
    const corosync = report.groups.find(({ id }) => id === 'corosync')
    assert.ok((corosync?.fewest ?? 0) >= 2, JSON.stringify(corosync))
    assert.ok(
      report.steps.some(({ measured }) => measured.some(({ id }) => id.startsWith('net:cluster@'))),
      'a restart of tinc was seen',
    )
    assert.equal(report.offers.map(({ title }) => title).toSorted(), [
      'leases in "services"',
      'names from dns1 (10.0.1.53)',
      'the router 10.0.1.1',
      'the way out of "services"',
    ])
    const [killed] = report.faults
    assert.is(killed?.name, 'node-killed')
    assert.is(killed?.host, 'pve1', 'the owner of the virtual address is the one to kill')
    assert.ok(
      killed?.away.some(({ id, open }) => id === 'the router 10.0.1.1' && !open),
      'the router moved',
    )
    assert.type(killed?.wholeAfterSeconds, 'number')
    assert.ok(report.standIns.some((what) => what.includes('/etc/pve')))
    assert.equal(leftBehind(), [])
  }),
)

twin('three Debian nodes: the deployer is killed in the middle of a step, and a node loses its power in another', () =>
  inRepository(
    'test/labs/trio',
    [
      ['services/corosync.yaml', 'token: 3000', 'token: 4000'],
      ['networks.yaml', 'mtu: 1400', 'mtu: 1380'],
    ],
    async (folder) => {
      const killed = await rehearse(folder, '--fault', 'deployer-killed@1.activated')
      assertContract('rehearsal', killed.report)
      assert.equal(killed.report.violations, [], killed.log.slice(-3000))
      assert.equal([...new Set(Object.values(killed.report.hosts))], ['new'])
      const rebooted = await rehearse(folder, '--fault', 'node-rebooted@2.armed')
      assert.equal(rebooted.report.violations, [], rebooted.log.slice(-3000))
      assert.equal([...new Set(Object.values(rebooted.report.hosts))], ['new'])
      assert.equal(leftBehind(), [])
    },
  ),
)

twin('a rehearsal that is killed leaves no machine, and the next one removes the rest', () =>
  inRepository('test/labs/trio', [], async (folder) => {
    const words = [launcher, 'rehearse', '--lab', join(folder, 'lab'), '--base', 'HEAD']
    const child = spawn(process.execPath, words, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
    await new Promise<void>((resolve) => {
      child.stderr.on('data', (chunk: Buffer) => {
        if (chunk.toString().includes('deploying the base')) resolve()
      })
      child.once('close', () => resolve())
    })
    assert.ok(
      leftBehind().some((what) => what.startsWith('systemd-nspawn')),
      'machines were up',
    )
    const gone = new Promise((resolve) => void child.once('close', resolve))
    child.kill('SIGKILL')
    await gone
    const until = Date.now() + 20_000
    while (leftBehind().some((what) => what.startsWith('systemd-nspawn')) && Date.now() < until)
      await new Promise((resolve) => void setTimeout(resolve, 100))
    assert.equal(
      leftBehind().filter((what) => what.startsWith('systemd-nspawn')),
      [],
    )
    assert.ok(leftBehind().length > 0, 'its record and its cgroups are still there')
    await closeEnclosure(await openEnclosure())
    assert.equal(leftBehind(), [])
  }),
)

twin(
  'a change that cuts the deployer off from a host is taken back by that host alone, whatever it cuts with',
  async () => {
    const lab = join(top, 'test/labs/trio')
    const { rendering } = await renderFolder(lab, top, renderers)
    if (rendering === null) throw new Error('the lab cannot be rendered')
    const packages = packagesOf(Object.values(rendering.hosts))
    const image = await imageOf(packages, { folder: '/var/cache/quorate/images', making: () => {} })
    const enclosure = await openEnclosure()
    const lines: string[] = []
    const node = [process.execPath, '--import', 'tsx', '--import', join(top, 'test/register.js')]
    const program = fileURLToPath(new URL('lock-out.ts', import.meta.url))
    const words = [...node, program, join(enclosure.folder, 'machines'), enclosure.cgroup, image, packages.join(',')]
    try {
      await runEnclosed(enclosure, words, '', (line) => lines.push(line), new AbortController().signal)
    } finally {
      await closeEnclosure(enclosure)
    }
    const found = JSON.parse(lines.at(-1) ?? '[]') as readonly LockOut[]
    assert.is(found.length, 3)
    for (const { name, exit, why: said, held, again } of found) {
      assert.is(exit, 3, `${name}: ${said}`)
      assert.equal(
        [...new Set(Object.values(held))].filter((is) => is !== 'unchanged'),
        ['old'],
        name,
      )
      assert.is(again, 0, `${name}: the next run`)
    }
    assert.equal(leftBehind(), [])
  },
)

test.run()
