/** One host over SSH and SFTP: the only file that speaks to the SSH library. */
import { connect as connectSocket } from 'node:net'
import type { Duplex } from 'node:stream'
import pLimit from 'p-limit'
import type { Client, ClientChannel, ConnectConfig, SFTPWrapper } from 'ssh2'
import SftpClient from 'ssh2-sftp-client'
import type { Way } from '../bundle/rendering.ts'
import { type Entry, entriesOf } from '../bundle/entry.ts'
import { FailureError } from '../failure.ts'
import { fingerprintOf, type KnownHosts } from './known-hosts.ts'
import type { Route } from './ways.ts'

/** Opens a new connection to a host. Throws a FailureError that says whether it is away, unknown, changed or refuses the key. */
export type Connect = (host: string, way: Route) => Promise<Remote>

/** No key is pinned for the place, or another one was shown: nobody knows who answers there. */
export class HostKeyError extends FailureError {}

export interface Remote {
  /** By which it was reached. */
  readonly entry: Entry
  /** Runs a command with standard input. Never waits longer than `ms`; rejects when the connection is lost. */
  exec(command: string, stdin: string, ms: number): Promise<Ran>
  /** Writes files that did not exist, mode 0600; the folder has to be there. */
  put(files: readonly Upload[], ms: number): Promise<void>
  close(): void
}

export interface Ran {
  /** Null where a signal ended it. */
  readonly exit: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Upload {
  /** Absolute, as SFTP sees it. */
  readonly path: string
  readonly content: Buffer
}

export interface ConnectOptions {
  /** Of every host that may be jumped through. */
  readonly ways: Readonly<Record<string, Route>>
  readonly knownHosts: KnownHosts
  /** A private key's text, or the socket of an ssh-agent. Passwords are not supported. */
  readonly identity: { readonly privateKey: string } | { readonly agent: string }
  /** Opens a byte stream to an address; TCP where it is not given. */
  readonly dial?: (address: string, port: number) => Promise<Duplex>
  /** Until a connection is ready. Milliseconds. */
  readonly connectMs?: number
  /** Between keepalives; three that are not answered end the connection. Milliseconds. */
  readonly keepaliveMs?: number
}

/** sshd's default MaxSessions is 10, and SFTP takes one. */
const execsAtOnce = 8
const writesInFlight = 16
const mostOutput = 32 * 1024 * 1024

/** Connections to the hosts of a lab, directly or through any one of the nodes that their way names. */
export function connector(options: ConnectOptions): Connect {
  const direct = async (host: string, way: Route, dial: Dial) => {
    const tried: string[] = []
    const entries = way.entries ?? entriesOf(way)
    const isOnePort = new Set(entries.map(({ port }) => port)).size === 1
    for (const entry of entries) {
      const { address, port } = entry
      try {
        return await open(host, entry, dial, options)
      } catch (error) {
        // A key that is not the pinned one, or is refused, is no better by another address.
        if (!(error instanceof FailureError) || error.failure.where === host) throw error
        if (error instanceof HostKeyError && entries.length === 1) throw error
        const place = isOnePort ? address : `${address} port ${port}`
        tried.push(`${place}: ${error.failure.what.replace(unreached(host, address), '')}`)
      }
    }
    throw away(host, way, tried.length > 0 ? tried.join('; ') : 'it has no management address')
  }
  return async (host, way) => {
    if (way.via.length === 0) return direct(host, way, options.dial ?? dialTcp)
    const tried: string[] = []
    for (const via of way.via) {
      const jumpWay = options.ways[via]
      if (jumpWay === undefined || jumpWay.via.length > 0) continue
      let jump: Connection | null = null
      try {
        jump = await direct(via, jumpWay, options.dial ?? dialTcp)
        const through = jump
        const remote = await direct(host, way, (address, port) => through.forward(address, port))
        remote.onClose(() => through.close())
        return remote
      } catch (error) {
        jump?.close()
        if (!(error instanceof FailureError) || error.failure.where === host) throw error
        tried.push(`through ${via}: ${error.failure.what}`)
      }
    }
    throw away(host, way, tried.join('; '))
  }
}

type Dial = (address: string, port: number) => Promise<Duplex>

interface Connection extends Remote {
  forward(address: string, port: number): Promise<Duplex>
  onClose(then: () => void): void
}

async function open(host: string, entry: Entry, dial: Dial, options: ConnectOptions): Promise<Connection> {
  const { address, port, user } = entry
  const ms = options.connectMs ?? 15_000
  const pinned = options.knownHosts.keysFor(address, port)
  if (pinned.types.length === 0) throw unknownKey(host, address, port, null)
  const sock = await within(dial(address, port), ms, () =>
    notReached(host, address, `no answer within ${ms / 1000} s`),
  ).catch((error: unknown) => {
    throw error instanceof FailureError ? error : notReached(host, address, plain(error), error)
  })
  let shown: Buffer | null = null
  // The library would otherwise print what it did not expect.
  const client = new SftpClient(host, { error: () => {}, end: () => {}, close: () => {} })
  const { client: ssh } = client as unknown as { readonly client: Client }
  const config: ConnectConfig = {
    sock,
    username: user,
    ...('agent' in options.identity ? { agent: options.identity.agent } : { privateKey: options.identity.privateKey }),
    readyTimeout: ms,
    keepaliveInterval: options.keepaliveMs ?? 5000,
    keepaliveCountMax: 3,
    algorithms: { serverHostKey: algorithmsFor(pinned.types) as never },
    hostVerifier: (key: Buffer) => {
      shown = key
      return pinned.judge(key) === 'known'
    },
  }
  const lost = new Promise<never>((_, reject) => {
    ssh.on('error', (error: Error) => reject(error))
    ssh.on('close', () => reject(new Error('the connection was closed')))
  })
  lost.catch(() => {})
  try {
    await within(Promise.race([client.connect(config), lost]), ms, () => new Error(`no answer within ${ms / 1000} s`))
  } catch (error) {
    ssh.destroy()
    sock.destroy()
    if (shown !== null && pinned.judge(shown) !== 'known')
      throw unknownKey(host, address, port, shown, pinned.judge(shown))
    throw refusal(host, address, user, error)
  }
  // Without this every answer waits for the last one's acknowledgement: 40 ms each.
  ssh.setNoDelay(true)
  const { sftp } = client as unknown as { readonly sftp: SFTPWrapper }
  return connection(host, entry, ssh, sftp, lost)
}

function connection(host: string, entry: Entry, ssh: Client, sftp: SFTPWrapper, lost: Promise<never>): Connection {
  const { address } = entry
  const limit = pLimit(execsAtOnce)
  const closing: (() => void)[] = []
  /** The library never answers a call that the connection's end cut off, so each has a deadline and a race of its own. */
  const call = async <T>(doing: string, ms: number, start: () => Promise<T>): Promise<T> => {
    try {
      return await within(Promise.race([start(), lost]), ms, () => new Error(`no answer within ${ms / 1000} s`))
    } catch (error) {
      if (error instanceof FailureError) throw error
      throw notReached(host, address, `${doing}: ${plain(error)}`, error)
    }
  }
  return {
    entry,
    exec: (command, stdin, ms) => limit(() => call('the command was cut off', ms, () => run(ssh, command, stdin))),
    put: async (files, ms) => {
      const write = pLimit(writesInFlight)
      await call('the upload was cut off', ms, () => Promise.all(files.map((file) => write(() => upload(sftp, file)))))
    },
    forward: (to, port) =>
      call(`no way on to ${to}`, 15_000, () =>
        settled<ClientChannel>((done) => ssh.forwardOut('127.0.0.1', 0, to, port, done)),
      ),
    onClose: (then) => closing.push(then),
    close: () => {
      ssh.destroy()
      for (const then of closing) then()
    },
  }
}

async function run(ssh: Client, command: string, stdin: string): Promise<Ran> {
  const channel = await settled<ClientChannel>((done) => ssh.exec(command, done))
  return new Promise((resolve, reject) => {
    const output: Buffer[] = []
    const errors: Buffer[] = []
    let size = 0
    let exit: number | null = null
    const keep = (into: Buffer[]) => (chunk: Buffer) => {
      size += chunk.length
      if (size <= mostOutput) into.push(chunk)
      else reject(new Error(`it printed more than ${mostOutput} bytes`))
    }
    channel.on('data', keep(output))
    channel.stderr.on('data', keep(errors))
    channel.on('error', reject)
    channel.on('exit', (code: number | null) => (exit = code))
    channel.on('close', () =>
      resolve({ exit, stdout: Buffer.concat(output).toString(), stderr: Buffer.concat(errors).toString() }),
    )
    channel.end(stdin)
  })
}

function upload(sftp: SFTPWrapper, file: Upload): Promise<void> {
  return settled((done) =>
    sftp.writeFile(file.path, file.content, { flag: 'wx', mode: 0o600 }, (error) => done(error ?? undefined)),
  )
}

/** Turns a call with an error-first callback into a promise. */
function settled<T = void>(start: (done: (error?: Error | null, value?: T) => void) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error ? reject(error) : resolve(value as T)))
  })
}

function within<T>(promise: Promise<T>, ms: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), ms)
  })
  return Promise.race([promise, deadline]).finally(() => clearTimeout(timer))
}

function dialTcp(address: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket({ host: address, port, noDelay: true, timeout: 15_000 })
    socket.once('connect', () => {
      socket.setTimeout(0)
      socket.removeAllListeners('error')
      resolve(socket)
    })
    socket.once('timeout', () => socket.destroy(new Error('no answer within 15 s')))
    socket.once('error', reject)
  })
}

/** An RSA key can sign with three hashes; SHA-1 is not asked for. */
function algorithmsFor(types: readonly string[]): readonly string[] {
  return types.flatMap((type) => (type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256'] : [type]))
}

function refusal(host: string, address: string, user: string, error: unknown): FailureError {
  const { level } = error as { level?: string }
  const text = plain(error)
  if (level === 'client-authentication' || text.includes('authentication methods failed')) {
    return new FailureError(
      {
        what: `${host} (${address}) refuses the key for ${user}`,
        where: host,
        now: 'nothing was changed on it',
        next: `add the public key to ~${user}/.ssh/authorized_keys on ${host}, or name another one with --identity`,
      },
      4,
      { cause: error },
    )
  }
  return notReached(host, address, text, error)
}

function unknownKey(
  host: string,
  address: string,
  port: number,
  key: Buffer | null,
  judgement: 'known' | 'changed' | 'unknown' | 'revoked' = 'unknown',
): HostKeyError {
  const place = port === 22 ? address : `[${address}]:${port}`
  const shown = key === null ? '' : `, it shows ${fingerprintOf(key)}`
  const what = {
    known: `the key of ${host} (${place}) was not accepted`,
    unknown: `the key of ${host} (${place}) is not pinned${shown}`,
    changed: `the key of ${host} (${place}) is not the pinned one${shown}: it was installed anew, or somebody stands in between`,
    revoked: `the key of ${host} (${place}) is revoked${shown}`,
  }[judgement]
  return new HostKeyError(
    {
      what,
      // Another address may be pinned; a key that is not the pinned one ends it.
      where: key === null ? place : host,
      now: 'nothing was sent to it',
      next: `compare with "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" on the host's own console, then put the line "${place} TYPE KEY" into known_hosts`,
    },
    4,
  )
}

function notReached(host: string, address: string, why: string, cause?: unknown): FailureError {
  return new FailureError(
    {
      what: `${unreached(host, address)}${why}`,
      where: `${host} (${address})`,
      now: 'what it does now is not known',
      next: `look whether ${host} is up and its sshd answers`,
    },
    4,
    cause === undefined ? undefined : { cause },
  )
}

function unreached(host: string, address: string): string {
  return `${host} (${address}) cannot be reached: `
}

function away(host: string, way: Way, why: string): FailureError {
  return new FailureError(
    {
      what: `${host} cannot be reached: ${why}`,
      where: `${host} (${way.addresses.join(', ')})`,
      now: 'what it does now is not known',
      next: `look whether ${host} is up and its sshd answers; a host that is lost for good is left out with --without ${host}`,
    },
    4,
  )
}

function plain(error: unknown): string {
  return error instanceof Error && error.message !== ''
    ? error.message
    : String((error as { code?: string }).code ?? error)
}
