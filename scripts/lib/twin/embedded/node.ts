/** One embedded host: its SSH server, its processes and timers, and the faults that a test plants. */
import { existsSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { PacedClock } from './clock.ts'
import { attach } from './exec.ts'
import { simFolder } from './furnish.ts'
import type { Processes } from './processes.ts'
import { serveSftp } from './sftp-server.ts'
import { sshServer, type ExecChannel, type KeyPair } from './server.ts'
import { openTimeFiles } from './time-files.ts'
import { watchTimers } from './timers.ts'

/** A message is what a client asks: a command, the start of SFTP, a jump, or one SFTP request. */
export interface EmbeddedNode {
  readonly name: string
  readonly folder: string
  /** The port on 127.0.0.1. */
  readonly port: number
  /** Messages since the start. */
  messages(): number
  /** Switched on, and not cut off from the public network; with an address: by that one. */
  reachable(address?: string): boolean
  /** Every connection breaks at the `after`-th message from now (1: the next), before that message is carried out. */
  drop(when: { readonly after: number }): void
  /** From the `after`-th message on nothing is read or answered any more; connections stay open. Programs and timers run on. */
  freeze(when: { readonly after: number }): void
  thaw(): void
  /** New connections are refused; those that are there stay. */
  refuse(): void
  accept(): void
  /** The next command does not run: it ends with this exit code and message. */
  failNextExec(how: { readonly exit: number; readonly stderr: string }): void
  /** Cuts the power: connections, programs and timers end at once, what is on disk stays. */
  kill(): Promise<void>
  /** Switches it on again: the guard unit first where it is enabled, then the enabled units. */
  boot(): Promise<void>
}

export interface NodeOptions {
  readonly name: string
  readonly user: string
  readonly folder: string
  /** What the host's symbolic links may lead to: the shared /etc/pve. */
  readonly shared: readonly string[]
  readonly shims: string
  readonly hostKey: KeyPair
  readonly clientKey: string
  readonly clock: PacedClock
  readonly processes: Processes
  jump(from: string, address: string, port: number): Promise<Duplex | null>
  /** Called after anything may have changed on the host. */
  changed(): void
}

export interface StartedNode {
  readonly node: EmbeddedNode
  /** Runs a program on the host; resolves when it has ended, and at once where the host is off. */
  run(argv: readonly string[]): Promise<void>
  close(): Promise<void>
}

/** Cleared when the power goes: what systemd and the kernel hold in memory. */
const volatile = ['units', 'ip', 'link', 'firing', 'loaded']

/** Switches a furnished host on. */
export async function startNode(options: NodeOptions): Promise<StartedNode> {
  const { name, folder, clock, processes } = options
  const sim = join(folder, simFolder)
  const sockets = new Set<Socket>()
  let messages = 0
  let on = false
  let refusing = false
  let booted = 0
  let dropAt = Infinity
  let freezeAt = Infinity
  let thawed: { readonly promise: Promise<void>; readonly resolve: () => void } | null = null
  let failure: { readonly exit: number; readonly stderr: string } | null = null

  const env = {
    PATH: `${options.shims}:/usr/bin:/bin`,
    QUORATE_ROOT: folder,
    HOME: join(folder, 'root'),
    USER: options.user,
    LOGNAME: options.user,
    SHELL: '/bin/sh',
    LANG: 'C.UTF-8',
  }
  const time = openTimeFiles(folder, clock)
  const tellTime = () => time.tell(booted)
  const ticking = setInterval(tellTime, 100).unref()

  const breakConnections = () => {
    for (const socket of sockets) socket.destroy()
  }
  const reachable = (address?: string) =>
    on && !existsSync(join(sim, 'cut')) && (address === undefined || !deadAddresses(sim).includes(address))
  const settle = () => {
    if (!on) return
    timers.look()
    if (!reachable()) breakConnections()
    options.changed()
  }

  const spawn = (argv: readonly string[]) => {
    tellTime()
    return processes.start(name, argv, { env, cwd: folder })
  }
  const run = (argv: readonly string[]) =>
    new Promise<void>((resolve) => {
      if (!on) return resolve()
      const done = clock.work()
      const child = spawn(argv)
      child.stdin.end()
      child.stdout.resume()
      child.stderr.resume()
      const over = () => {
        done()
        resolve()
      }
      child.once('error', over)
      child.once('close', over)
    }).then(settle)

  const timers = watchTimers(sim, clock, run)
  const watchers = ['', 'timers'].map((below) => watch(join(sim, below), { persistent: false }, settle))

  const freezeNow = () => {
    if (thawed) return
    let resolve = () => {}
    const promise = new Promise<void>((done) => {
      resolve = done
    })
    thawed = { promise, resolve }
    for (const socket of sockets) hold(socket)
  }
  const awake = async () => {
    if (thawed) await thawed.promise
  }
  const message = (): boolean => {
    messages += 1
    if (messages >= freezeAt) freezeNow()
    if (messages < dropAt) return on
    dropAt = Infinity
    breakConnections()
    return false
  }

  const exec = async (command: string, channel: ExecChannel) => {
    await awake()
    if (!on) return channel.close()
    if (failure !== null) {
      const { exit, stderr } = failure
      failure = null
      channel.stderr.write(stderr)
      channel.exit(exit)
      channel.end()
      return
    }
    const done = clock.work()
    await attach(spawn(['/bin/sh', '-c', command]), channel)
    done()
    settle()
  }

  const speak = sshServer(options.hostKey, options.clientKey, {
    user: options.user,
    exec,
    sftp: (stream) => serveSftp(stream, { folders: [folder, ...options.shared], message, awake }),
    jump: (address, port) => options.jump(name, address, port),
    message,
  })
  const server = createServer({ noDelay: true }, (socket) => {
    if (refusing || !reachable()) return socket.destroy()
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    if (thawed) hold(socket)
    // Logging in is work of this process, for both ends.
    const done = clock.work()
    socket.on('close', done)
    speak(socket, done)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })

  const powerOff = async () => {
    on = false
    rmSync(join(sim, 'on'), { force: true })
    timers.clear()
    breakConnections()
    await processes.kill(name)
    for (const part of volatile)
      for (const file of readdirSync(join(sim, part))) rmSync(join(sim, part, file), { recursive: true, force: true })
  }
  const powerOn = async () => {
    on = true
    booted = clock.now()
    writeFileSync(join(folder, 'proc/sys/kernel/random/boot_id'), `${randomUUID()}\n`)
    writeFileSync(join(sim, 'on'), '')
    await run([join(options.shims, 'sim-boot')])
  }

  const node: EmbeddedNode = {
    name,
    folder,
    port: (server.address() as AddressInfo).port,
    messages: () => messages,
    reachable,
    drop: ({ after }) => {
      dropAt = messages + after
    },
    freeze: ({ after }) => {
      freezeAt = messages + after
      if (after <= 0) freezeNow()
    },
    thaw() {
      freezeAt = Infinity
      const frozen = thawed
      thawed = null
      for (const socket of sockets) release(socket)
      frozen?.resolve()
    },
    refuse: () => {
      refusing = true
    },
    accept: () => {
      refusing = false
    },
    failNextExec: (how) => {
      failure = how
    },
    kill: powerOff,
    boot: async () => {
      if (!on) await powerOn()
    },
  }
  await powerOn()
  let closing: Promise<void> | null = null
  return {
    node,
    run,
    close: () => (closing ??= end()),
  }

  async function end(): Promise<void> {
    clearInterval(ticking)
    for (const watcher of watchers) watcher.close()
    const closed = new Promise<void>((resolve) => void server.close(() => resolve()))
    node.thaw()
    await powerOff()
    await closed
    time.close()
  }
}

/** Delivered addresses that the host gave up, though another one of it still works. */
function deadAddresses(sim: string): readonly string[] {
  const file = join(sim, 'dead')
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
}

/** Nothing in, nothing out; the connection stays. */
function hold(socket: Socket): void {
  socket.pause()
  socket.cork()
}

function release(socket: Socket): void {
  socket.uncork()
  socket.resume()
}
