/** Rehearsals as a user starts them, and what they must not leave. Each takes minutes. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { whyNoTwin } from '../../scripts/lib/twin/enclosure.ts'
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

/** Rehearses the change in the repository; rejects where there is no report. */
export function rehearse(folder: string, ...words: readonly string[]): Promise<Ran> {
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
export function leftBehind(): readonly string[] {
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
