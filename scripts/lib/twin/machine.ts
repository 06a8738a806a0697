/** One machine of a twin: Debian with systemd as PID 1, in a cgroup and a network namespace of its own, over an image that it cannot change. */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { FailureError } from '../failure.ts'
import type { BareFile } from './bare.ts'
import { command, run, type Ran } from './command.ts'

export interface MachineOptions {
  readonly name: string
  /** The image's folder. */
  readonly image: string
  /** Where its own files are; on a file system that overlayfs takes as an upper layer. */
  readonly folder: string
  /** Its cgroup, below every hierarchy's root: "quorate-twin/4711/pve1". */
  readonly cgroup: string
  readonly files: readonly BareFile[]
  /** Folders of the outside that it sees: path outside → path inside. */
  readonly binds: Readonly<Record<string, string>>
}

export interface Machine {
  readonly name: string
  /** Its "/", whether it runs or not. */
  readonly root: string
  readonly on: boolean
  /** Boots it; resolves when its PID 1 runs, or throws a FailureError with the last lines of its console. */
  boot(): Promise<void>
  /** Ends every process of it at once, as when the power goes. What it wrote stays. */
  powerOff(): Promise<void>
  freeze(): Promise<void>
  thaw(): Promise<void>
  /** Runs a program inside, as root; not over the network. */
  exec(argv: readonly string[], input?: string): Promise<Ran>
  /** Before a program's words: runs it inside. Only while the machine is on. */
  enter(): readonly string[]
  /** Resolves when the machine has ended, whoever ended it. */
  ended(): Promise<void>
}

/** Set to a folder's hierarchies once: version 2 alone, or version 1's named "systemd" beside it. */
const hierarchies = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup/systemd', '/sys/fs/cgroup']

/** What a machine can write on top of its image. MiB of memory, taken as they are used. */
const diskMib = 512

/** Lays the machine's disk out: the image below, its own files on top. It is off. */
export async function newMachine(options: MachineOptions): Promise<Machine> {
  const { name, image, folder, cgroup, files, binds } = options
  const at = (what: string) => join(folder, what)
  // A disk of its own, so that one machine's can be full.
  await mkdir(folder, { recursive: true })
  await command(['mount', '-t', 'tmpfs', '-o', `size=${diskMib}m`, `twin-${name}`, folder])
  await Promise.all(['upper', 'work', 'root'].map((what) => mkdir(at(what), { recursive: true })))
  const layers = `lowerdir=${image},upperdir=${at('upper')},workdir=${at('work')}`
  await command(['mount', '-t', 'overlay', `twin-${name}`, '-o', layers, at('root')])
  for (const file of files) {
    const path = join(at('root'), file.path)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, file.content)
    await chmod(path, file.mode)
  }
  const groups = cgroupFolders(cgroup)
  let child: ChildProcess | null = null
  let init: number | null = null
  let gone = Promise.resolve()

  const boot = async () => {
    if (child !== null) return
    for (const group of groups) await mkdir(group, { recursive: true })
    let said = ''
    const over = new AbortController()
    const argv = [
      'systemd-nspawn',
      '--quiet',
      `--directory=${at('root')}`,
      `--machine=${name}`,
      '--register=no',
      '--keep-unit',
      `--network-namespace-path=/run/netns/${name}`,
      '--capability=CAP_NET_ADMIN,CAP_SYS_NICE,CAP_IPC_LOCK',
      '--bind=/dev/net/tun',
      ...(existsSync('/dev/fuse') ? ['--bind=/dev/fuse'] : []),
      ...Object.entries(binds).map(([outside, inside]) => `--bind=${outside}:${inside}`),
      '--console=pipe',
      '--boot',
    ]
    // The shell moves itself into the machine's cgroup and becomes systemd-nspawn; its words come as arguments, not as a text.
    const join_ = `for g in "$@"; do case $g in --) break ;; esac; echo 0 >"$g/cgroup.procs" || exit; shift; done; shift; exec "$@"`
    const started = spawn('/bin/sh', ['-c', join_, 'sh', ...groups, '--', ...argv], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '', SYSTEMD_NSPAWN_API_VFS_WRITABLE: 'network' },
    })
    child = started
    const keep = (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000))
    started.stdout.on('data', keep)
    started.stderr.on('data', keep)
    gone = new Promise((resolve) => {
      const end = () => {
        over.abort()
        if (child === started) child = null
        init = null
        resolve()
      }
      started.once('close', end)
      started.once('error', end)
    })
    for (let attempt = 0; attempt < 300 && !over.signal.aborted; attempt += 1) {
      init = await childOf(started.pid ?? 0)
      if (init !== null && (await isSystemd(init))) return
      await sleep(50)
    }
    throw new FailureError(
      {
        what: `the machine ${name} does not boot: ${said.trim().split('\n').slice(-5).join(' | ') || 'it says nothing'}`,
        where: `twin ${name}`,
        now: 'no real host was touched',
        next: 'see that systemd-nspawn works on this machine (root, cgroups, overlayfs)',
      },
      4,
    )
  }

  const enter = () => {
    if (init === null) throw new Error(`the machine ${name} is off`)
    return ['nsenter', '--target', String(init), '--all', '--wd=/', '--']
  }
  const unified = groups[0] as string
  return {
    name,
    root: at('root'),
    get on() {
      return child !== null
    },
    boot,
    async powerOff() {
      // systemd-nspawn alone would leave the machine's PID 1 running.
      await writeFile(join(unified, 'cgroup.kill'), '1')
      await gone
    },
    freeze: () => writeFile(join(unified, 'cgroup.freeze'), '1'),
    thaw: () => writeFile(join(unified, 'cgroup.freeze'), '0'),
    exec: (argv, input) => run([...enter(), 'env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', ...argv], input),
    enter,
    ended: () => gone,
  }
}

/** The cgroup's folder in each hierarchy that systemd uses; the first is the one that can kill and freeze. */
function cgroupFolders(name: string): readonly string[] {
  const legacy = existsSync('/sys/fs/cgroup/unified/cgroup.procs')
  return (legacy ? hierarchies.slice(0, 2) : hierarchies.slice(2))
    .filter((root) => existsSync(root))
    .map((root) => join(root, name))
}

/** Removes what is left of cgroups below a name, from the leaves up. Nothing in them runs any more. */
export async function removeCgroups(name: string): Promise<void> {
  for (const folder of cgroupFolders(name)) await removeBelow(folder)
}

async function removeBelow(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) if (entry.isDirectory()) await removeBelow(join(folder, entry.name))
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const error = await rmdir(folder).then(
      () => null,
      (failed: NodeJS.ErrnoException) => failed.code,
    )
    // Processes that were killed a moment ago are still leaving it.
    if (error !== 'EBUSY') return
    await sleep(50)
  }
}

async function childOf(pid: number): Promise<number | null> {
  const { stdout } = await run(['ps', '-o', 'pid=', '--ppid', String(pid)])
  const first = stdout.trim().split(/\s+/)[0]
  return first === undefined || first === '' ? null : Number(first)
}

async function isSystemd(pid: number): Promise<boolean> {
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')
  return name.trim() === 'systemd'
}
