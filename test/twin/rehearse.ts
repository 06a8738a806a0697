/** Rehearsals as a user starts them, and what they must not leave. Each takes minutes. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { renderers } from '../../renderers/index.ts'
import { renderFolder } from '../../scripts/lib/bundle/lab-rendering.ts'
import { closeEnclosure, openEnclosure, runEnclosed, whyNoTwin } from '../../scripts/lib/twin/enclosure.ts'
import { imageOf, packagesOf } from '../../scripts/lib/twin/image.ts'
import type { RehearsalReport } from '../../scripts/lib/twin/report.ts'
import { top } from '../house/source-tree.ts'

const find = (program: string) =>
  Promise.resolve(spawnSync('/bin/sh', ['-c', 'command -v "$1"', 'sh', program]).status === 0)
const why = await whyNoTwin(find)
/** A test that needs a twin. */
export const twin: typeof test = Object.assign(
  (name: string, run: Parameters<typeof test>[1]) =>
    why === null ? test(name, run) : test.skip(`${name} (${why.what})`, run),
  test,
)

export const launcher = join(top, 'scripts/launcher.js')
const state = '/run/quorate-twin'

/** In a file of the lab: text and what takes its place. Without a text before, the file comes; without one after, it goes. */
export type Edit = readonly [file: string, from: string | null, to: string | null]

/** The lab in a repository of its own, committed (`base`: edited before that), and then edited; gone after the test. */
export async function inRepository(
  lab: string,
  edits: readonly Edit[],
  run: (folder: string) => Promise<void>,
  base: readonly Edit[] = [],
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-rehearsal-'))
  try {
    cpSync(join(top, lab), join(folder, 'lab'), { recursive: true })
    const git = (...words: readonly string[]) =>
      execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.org', ...words], {
        cwd: folder,
        stdio: 'ignore',
      })
    for (const one of base) edit(join(folder, 'lab'), one)
    git('init', '-q')
    git('add', '-A')
    git('commit', '-qm', 'base')
    for (const one of edits) edit(join(folder, 'lab'), one)
    await run(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function edit(lab: string, [file, from, to]: Edit): void {
  const path = join(lab, file)
  if (to === null) return rmSync(path)
  if (from === null) {
    mkdirSync(dirname(path), { recursive: true })
    return writeFileSync(path, to, { flag: 'wx' })
  }
  const before = readFileSync(path, 'utf8')
  assert.ok(before.includes(from), `${file} holds ${from}`)
  writeFileSync(
    path,
    before.replace(from, () => to),
  )
}

interface Ran {
  readonly exit: number | null
  readonly report: RehearsalReport
  readonly log: string
}

/** Processes whose rehearsals this one has to answer for: another test's may run beside it. */
const ours = [process.pid]

/** `quorate rehearse` for the lab in the repository. */
export function startRehearsal(folder: string, ...words: readonly string[]) {
  const all = [launcher, 'rehearse', '--lab', join(folder, 'lab'), '--base', 'HEAD', ...words]
  const child = spawn(process.execPath, all, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  if (child.pid !== undefined) ours.push(child.pid)
  return child
}

/** Rehearses the change in the repository; rejects where there is no report. */
export function rehearse(folder: string, ...words: readonly string[]): Promise<Ran> {
  const child = startRehearsal(folder, '--json', ...words)
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

/** Runs a test's own program, a file beside this one, in an enclosure for the lab's nodes; gives the last line that it printed. */
export async function runInside(lab: string, program: string): Promise<string> {
  const folder = join(top, lab)
  const { rendering } = await renderFolder(folder, top, renderers)
  if (rendering === null) throw new Error('the lab cannot be rendered')
  const packages = packagesOf(Object.values(rendering.hosts).filter(({ kind }) => kind === 'node'))
  const image = await imageOf(packages, { folder: '/var/cache/quorate/images', making: () => {} })
  const enclosure = await openEnclosure(folder)
  const lines: string[] = []
  const node = [process.execPath, '--import', 'tsx', '--import', join(top, 'test/register.js')]
  const file = join(import.meta.dirname, program)
  const words = [...node, file, join(enclosure.folder, 'machines'), enclosure.cgroup, image, packages.join(',')]
  try {
    await runEnclosed(enclosure, words, '', (line) => lines.push(line), new AbortController().signal)
  } finally {
    await closeEnclosure(enclosure)
  }
  return lines.at(-1) ?? ''
}

/** What this test's rehearsals, which are over, must not have left. */
export function leftBehind(): readonly string[] {
  return traces().filter((trace) => {
    const pid = ownerOf(trace)
    return pid === null || ours.includes(pid)
  })
}

/** The machines of the rehearsal that this process runs. */
export function machinesOf(pid: number | undefined): readonly string[] {
  return traces().filter((trace) => trace.startsWith('systemd-nspawn') && ownerOf(trace) === pid)
}

/** The process after which the rehearsal is named that the trace is of; null where it has no name in it. */
function ownerOf(trace: string): number | null {
  const name = /\b(\d+)-[0-9a-f]{8}\b/.exec(trace)
  return name === null ? null : Number(name[1])
}

/** Machines, mounts, cgroups and records of all rehearsals. Only a mount of a network namespace has no name in it, and none is ever seen from here. */
function traces(): readonly string[] {
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
