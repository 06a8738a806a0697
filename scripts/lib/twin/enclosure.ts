/** Where a twin lives: namespaces for network, mounts and processes that end with the process that made them, and a record for what they leave. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { FailureError } from '../failure.ts'
import { removeCgroups } from './machine.ts'

/** Kept on disk for as long as the rehearsal runs: what the next one removes should this one be killed. */
interface Note {
  readonly pid: number
  /** In ticks since boot (proc(5), field 22): a number that was used again is no longer this process. */
  readonly started: string
  /** The lab's folder. */
  readonly lab: string
  readonly cgroup: string
  /** Of the process inside, to look around from; 0 until it runs. */
  readonly inside: number
}

export interface Enclosure {
  readonly lab: string
  readonly folder: string
  readonly cgroup: string
}

const place = '/run/quorate-twin'
const recordFile = 'record.json'

/** What has to be installed: the program, and the Debian package that it comes with. */
const programs: Readonly<Record<string, string>> = {
  mmdebstrap: 'mmdebstrap',
  'systemd-nspawn': 'systemd-container',
  unshare: 'util-linux',
  setpriv: 'util-linux',
  nsenter: 'util-linux',
  ip: 'iproute2',
  ping: 'iputils-ping',
  ps: 'procps',
  sysctl: 'procps',
}

/** Why no twin can be built here, and what would help; null where one can. `find`: whether there is a program of this name. */
export async function whyNoTwin(
  find: (program: string) => Promise<boolean>,
): Promise<{ readonly what: string; readonly next: string } | null> {
  if (process.platform !== 'linux')
    return { what: 'a rehearsal needs Linux', next: 'let CI rehearse, or a virtual machine with Debian' }
  if (process.getuid?.() !== 0)
    return { what: 'a rehearsal needs root: it makes namespaces and mounts', next: 'run it with sudo' }
  const found = await Promise.all(Object.keys(programs).map(find))
  const missing = Object.values(programs).filter((_, index) => found[index] !== true)
  if (missing.length === 0) return null
  const packages = [...new Set(missing)].join(' ')
  return {
    what: `programs are missing that a rehearsal needs (packages ${packages})`,
    next: `apt-get install ${packages}`,
  }
}

/** Makes a folder and a name for cgroups, after removing what killed rehearsals left. `lab`: its folder. */
export async function openEnclosure(lab: string): Promise<Enclosure> {
  await reap()
  const name = `${process.pid}-${randomBytes(4).toString('hex')}`
  const folder = join(place, name)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const cgroup = `quorate-twin-${name}`
  const enclosure = { lab, folder, cgroup }
  await write(enclosure, 0)
  return enclosure
}

export async function closeEnclosure({ folder, cgroup }: Pick<Enclosure, 'folder' | 'cgroup'>): Promise<void> {
  await removeCgroups(cgroup)
  await rm(folder, { recursive: true, force: true })
}

/** Only what a record names, and only where the process that wrote it is gone. */
export async function reap(): Promise<void> {
  for (const name of await readdir(place).catch(() => [])) {
    const folder = join(place, name)
    const record = await read(folder)
    if (record === null || (await isAlive(record))) continue
    await closeEnclosure({ folder, cgroup: record.cgroup })
  }
}

/** The process inside of the rehearsal of `lab` that runs now and was started last; null where none does. */
export async function runningInside(lab: string): Promise<number | null> {
  let last: Note | null = null
  for (const name of await readdir(place).catch(() => [])) {
    const record = await read(join(place, name))
    if (record === null || record.lab !== lab || record.inside === 0 || !(await isAlive(record))) continue
    if (last === null || Number(record.started) > Number(last.started)) last = record
  }
  return last?.inside ?? null
}

async function isAlive({ pid, started }: Note): Promise<boolean> {
  return (await startOf(pid)) === started
}

/**
 * Runs `argv` enclosed, with `input` on its standard input; every line of its standard output goes to `heard`. Resolves with its exit code,
 * null where a signal ended it. When this process dies, however that comes about, the kernel ends everything inside.
 */
export async function runEnclosed(
  enclosure: Enclosure,
  argv: readonly string[],
  input: string,
  heard: (line: string) => void,
  signal: AbortSignal,
): Promise<number | null> {
  const child = spawn(
    'setpriv',
    // A shell is the first process inside, because somebody has to collect those whose parents were killed.
    [
      '--pdeathsig',
      'KILL',
      'unshare',
      '--mount',
      '--net',
      '--pid',
      '--fork',
      '--kill-child',
      '--mount-proc',
      '/bin/sh',
      '-c',
      'exec 3<&0; "$@" <&3 3<&- & wait $!',
      'sh',
      ...argv,
    ],
    { stdio: ['pipe', 'pipe', 'inherit'], detached: true },
  )
  const end = () => {
    if (child.pid !== undefined) process.kill(child.pid, 'SIGKILL')
  }
  signal.addEventListener('abort', end, { once: true })
  child.stdin.on('error', () => child.stdin.destroy())
  child.stdin.end(input)
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => {
    if (child.pid !== undefined) void noteInside(enclosure, child.pid)
    heard(line)
  })
  const heardAll = new Promise<void>((resolve) => lines.once('close', () => resolve()))
  const exit = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => reject(unstartable(error)))
    child.once('close', (code) => resolve(code))
  })
  await heardAll
  signal.removeEventListener('abort', end)
  return exit
}

let noted = false
async function noteInside(enclosure: Enclosure, outer: number): Promise<void> {
  if (noted) return
  noted = true
  const children = await readFile(`/proc/${outer}/task/${outer}/children`, 'utf8').catch(() => '')
  await write(enclosure, Number(children.trim().split(' ')[0] ?? 0))
}

function unstartable(error: Error): FailureError {
  return new FailureError(
    {
      what: `the twin cannot be enclosed: ${error.message}`,
      where: 'setpriv',
      now: 'nothing was built',
      next: 'apt-get install util-linux',
    },
    4,
    { cause: error },
  )
}

async function write({ folder, ...rest }: Enclosure, inside: number): Promise<void> {
  const record: Note = { pid: process.pid, started: (await startOf(process.pid)) ?? '', ...rest, inside }
  await writeFile(join(folder, recordFile), `${JSON.stringify(record)}\n`)
}

async function read(folder: string): Promise<Note | null> {
  try {
    return JSON.parse(await readFile(join(folder, recordFile), 'utf8')) as Note
  } catch {
    // Without a record nobody can say whose it is.
    return null
  }
}

/** When a process was started; null where there is none. The name in field 2 may hold anything, so it is read from behind it. */
async function startOf(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
}
