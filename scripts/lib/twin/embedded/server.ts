/** An SSH server, by ssh2: one key may log in, and what it asks for is left to the host. The only file here that imports ssh2. */
import type { Socket } from 'node:net'
import type { EventEmitter } from 'node:events'
import type { Duplex, Writable } from 'node:stream'
import ssh2, { type AuthContext, type Connection, type ServerChannel, type Session } from 'ssh2'

export interface KeyPair {
  /** OpenSSH's own format. */
  readonly privateKey: string
  /** One line: type and base64. */
  readonly publicKey: string
}

/** What a client asks of a host. */
export interface SshService {
  readonly user: string
  exec(command: string, channel: ExecChannel): Promise<void>
  sftp(stream: SftpStream): void
  /** The way to another host, or null where there is none. */
  jump(address: string, port: number): Promise<Duplex | null>
  /** A request came. False: it is lost and gets no answer. */
  message(): boolean
}

export interface ExecChannel extends Duplex {
  readonly stderr: Writable
  exit(code: number): void
  exit(signal: string, dumped: boolean, message: string): void
  close(): void
}

export interface Attributes {
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  /** Seconds since the epoch. */
  readonly atime: number
  readonly mtime: number
}

/** The server's side of ssh2's SFTP stream: an event per request, a method per answer. */
export interface SftpStream extends EventEmitter {
  /** Closes the channel. */
  end(): void
  handle(id: number, handle: Buffer): void
  status(id: number, code: number, message?: string): void
  data(id: number, data: Buffer): void
  attrs(id: number, attrs: Attributes): void
  name(
    id: number,
    names: readonly { readonly filename: string; readonly longname: string; readonly attrs: Attributes }[],
  ): void
}

/** sshd_config's MaxSessions. */
const maxSessions = 10

/** A new ed25519 pair. About one in two hundred that ssh2 1.17 makes is malformed, by its own reading; another one is made instead. */
export function newKeyPair(): KeyPair {
  const pair = ssh2.utils.generateKeyPairSync('ed25519')
  if (ssh2.utils.parseKey(pair.private) instanceof Error || ssh2.utils.parseKey(pair.public) instanceof Error) {
    return newKeyPair()
  }
  return { privateKey: pair.private, publicKey: pair.public.split(' ').slice(0, 2).join(' ') }
}

/** A function that speaks SSH on a socket, and calls back when somebody has logged in: host key `host`, and who holds `client` may. */
export function sshServer(
  host: KeyPair,
  client: string,
  service: SshService,
): (socket: Socket, entered: () => void) => void {
  const allowed = ssh2.utils.parseKey(client)
  if (allowed instanceof Error) throw allowed
  // By the client's port: who is on the way in.
  const entering = new Map<number, () => void>()
  const server = new ssh2.Server({ hostKeys: [host.privateKey] }, (connection, { port }) => {
    connection.on('authentication', (context) => (mayEnter(context) ? context.accept() : context.reject(['publickey'])))
    connection.on('ready', () => {
      entering.get(port)?.()
      serve(connection, service)
    })
    // A client that goes away is no fault of the host; its channels end by 'close'.
    connection.on('error', () => connection.end())
  })
  const mayEnter = (context: AuthContext): boolean =>
    context.method === 'publickey' &&
    context.username === service.user &&
    context.key.data.equals(allowed.getPublicSSH()) &&
    (context.signature === undefined || allowed.verify(context.blob ?? '', context.signature, context.hashAlgo))
  return (socket, entered) => {
    const port = socket.remotePort ?? 0
    entering.set(port, entered)
    socket.once('close', () => entering.delete(port))
    server.injectSocket(socket)
  }
}

function serve(connection: Connection, service: SshService): void {
  let sessions = 0
  connection.on('session', (accept, reject) => {
    if (sessions >= maxSessions) return reject()
    sessions += 1
    const session = accept()
    session.on('close', () => {
      sessions -= 1
    })
    serveSession(session, service)
  })
  connection.on('tcpip', (accept, reject, { destIP, destPort }) => {
    if (service.message()) void passOn(accept, reject, service.jump(destIP, destPort))
  })
}

async function passOn(accept: () => ServerChannel, reject: () => void, found: Promise<Duplex | null>): Promise<void> {
  const way = await found
  if (way === null) return reject()
  const channel = accept()
  channel.pipe(way).pipe(channel)
  way.on('error', () => channel.end())
  way.on('close', () => channel.end())
  channel.on('error', () => way.destroy())
  channel.on('close', () => way.destroy())
}

/** A channel is accepted at once: OpenSSH's client sends its first bytes without waiting, and ssh2 drops those that come earlier. */
function serveSession(session: Session, service: SshService): void {
  session.on('exec', (accept, _reject, { command }) => {
    if (service.message()) void service.exec(command, accept())
  })
  session.on('sftp', (accept) => {
    if (!service.message()) return
    const stream = accept() as unknown as SftpStream
    announceExtensions(stream)
    service.sftp(stream)
  })
}

/** OpenSSH's extensions that serveSftp answers, with their versions. */
const extensions = [
  ['posix-rename@openssh.com', '1'],
  ['fsync@openssh.com', '1'],
] as const

/**
 * ssh2's server announces no extension, and clients use only those announced. So its first packet, SSH_FXP_VERSION, is sent longer.
 * Seen in ssh2 1.17: the stream sends by `_protocol.channelData`, and only the version packet is 9 bytes long and first.
 */
function announceExtensions(stream: SftpStream): void {
  const inside = stream as unknown as {
    _protocol: { channelData(channel: number, data: Buffer): void }
    outgoing: { window: number }
  }
  const protocol = inside._protocol
  inside._protocol = Object.assign(Object.create(protocol) as typeof protocol, {
    channelData(channel: number, version: Buffer) {
      inside._protocol = protocol
      const packet = Buffer.concat([version, ...extensions.flat().map(packString)])
      packet.writeUInt32BE(packet.length - 4)
      inside.outgoing.window -= packet.length - version.length
      protocol.channelData(channel, packet)
    },
  })
}

function packString(text: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(text.length)
  return Buffer.concat([length, Buffer.from(text)])
}
