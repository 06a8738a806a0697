/** SFTP version 3 on a host's folder, with the semantics of OpenSSH's sftp-server. Requests are carried out in the order in which they come. */
import { constants, type Stats } from 'node:fs'
import * as fs from 'node:fs/promises'
import { resolve } from 'node:path'
import { confine } from './confine.ts'
import type { Attributes, SftpStream } from './server.ts'

export interface SftpRequests {
  /** The host's folder first, then what its symbolic links may lead to. Real paths. */
  readonly folders: readonly string[]
  /** A request came. False: it is lost and gets no answer. */
  message(): boolean
  /** Resolves when the host may go on: at once, unless it is frozen. */
  awake(): Promise<void>
}

type Handle = { readonly file: fs.FileHandle } | { readonly names: Name[] }
interface Name {
  readonly filename: string
  readonly longname: string
  readonly attrs: Attributes
}

const read = 1
const write = 2
const append = 4
const create = 8
const truncate = 16
const exclusive = 32

/** Answers a client's requests until its channel ends; open files are closed then. */
export function serveSftp(stream: SftpStream, { folders, message, awake }: SftpRequests): void {
  const handles = new Map<number, Handle>()
  let next = 0
  let queue = Promise.resolve()

  const path = (name: string, follow = true) => confine(name, folders, follow)
  const on = <A extends unknown[]>(event: string, answer: (id: number, ...args: A) => Promise<void>) =>
    stream.on(event, (id: number, ...args: A) => {
      queue = queue.then(async () => {
        if (!message()) return
        await awake()
        await answer(id, ...args).catch((error: unknown) => stream.status(id, ...statusOf(error)))
      })
    })
  const done = (event: string, act: (...args: never[]) => Promise<unknown>) =>
    on(event, async (id, ...args) => {
      await act(...(args as never[]))
      stream.status(id, 0, 'Success')
    })
  const open = (handle: Handle) => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(next)
    handles.set(next++, handle)
    return bytes
  }
  const known = (bytes: Buffer): Handle => {
    const handle = bytes.length === 4 ? handles.get(bytes.readUInt32BE()) : undefined
    if (!handle) throw Object.assign(new Error('Invalid handle'), { code: 'EBADF' })
    return handle
  }
  const file = (bytes: Buffer): fs.FileHandle => {
    const handle = known(bytes)
    if ('file' in handle) return handle.file
    throw Object.assign(new Error('a folder, not a file'), { code: 'EBADF' })
  }

  on('OPEN', async (id, name: string, flags: number, attrs: Partial<Attributes>) => {
    const target = await path(name, (flags & exclusive) === 0)
    stream.handle(id, open({ file: await fs.open(target, flagsOf(flags), (attrs.mode ?? 0o666) & 0o7777) }))
  })
  on('READ', async (id, handle: Buffer, offset: number, length: number) => {
    const { bytesRead, buffer } = await file(handle).read(Buffer.alloc(Math.min(length, 262_144)), 0, null, offset)
    if (bytesRead === 0) stream.status(id, 1, 'End of file')
    else stream.data(id, buffer.subarray(0, bytesRead))
  })
  done('WRITE', async (handle: Buffer, offset: number, data: Buffer) => writeAll(file(handle), data, offset))
  done('CLOSE', async (handle: Buffer) => {
    const closing = known(handle)
    handles.delete(handle.readUInt32BE())
    if ('file' in closing) await closing.file.close()
  })
  on('STAT', async (id, name: string) => stream.attrs(id, attributesOf(await fs.stat(await path(name)))))
  on('LSTAT', async (id, name: string) => stream.attrs(id, attributesOf(await fs.lstat(await path(name, false)))))
  on('FSTAT', async (id, handle: Buffer) => stream.attrs(id, attributesOf(await file(handle).stat())))
  done('SETSTAT', async (name: string, attrs: Partial<Attributes>) => {
    const handle = await fs.open(await path(name), constants.O_RDONLY)
    try {
      await setAttributes(handle, attrs)
    } finally {
      await handle.close()
    }
  })
  done('FSETSTAT', async (handle: Buffer, attrs: Partial<Attributes>) => setAttributes(file(handle), attrs))
  done('MKDIR', async (name: string, attrs: Partial<Attributes>) =>
    fs.mkdir(await path(name, false), (attrs.mode ?? 0o777) & 0o7777),
  )
  done('RMDIR', async (name: string) => fs.rmdir(await path(name, false)))
  done('REMOVE', async (name: string) => fs.unlink(await path(name, false)))
  done('RENAME', async (from: string, to: string) => renameNew(await path(from, false), await path(to, false)))
  on('OPENDIR', async (id, name: string) => stream.handle(id, open({ names: await namesIn(await path(name)) })))
  on('READDIR', async (id, bytes: Buffer) => {
    const handle = known(bytes)
    const names = 'names' in handle ? handle.names.splice(0, 100) : []
    if (names.length === 0) stream.status(id, 1, 'End of file')
    else stream.name(id, names)
  })
  on('READLINK', async (id, name: string) => stream.name(id, [bare(await fs.readlink(await path(name, false)))]))
  on('REALPATH', async (id, name: string) => {
    const wanted = resolve(folders[0] ?? '/', name)
    stream.name(id, [bare(await path(wanted))])
  })
  on('EXTENDED', async (id, name: string, data: Buffer) => {
    const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = stringsOf(data)
    if (name === 'posix-rename@openssh.com') {
      await fs.rename(await path(first.toString(), false), await path(second.toString(), false))
    } else if (name === 'fsync@openssh.com') {
      await file(first).sync()
    } else {
      return stream.status(id, 8, 'Operation unsupported')
    }
    stream.status(id, 0, 'Success')
  })
  const finish = async () => {
    await Promise.all([...handles.values()].map(async (handle) => ('file' in handle ? handle.file.close() : undefined)))
    handles.clear()
    stream.end()
  }
  stream.on('end', () => {
    queue = queue.then(finish)
  })
}

/** SSH_FXP_OPEN's flags as open(2)'s; append is left to the offsets, as OpenSSH ignores them then. */
function flagsOf(flags: number): number {
  const access = flags & write ? (flags & read ? constants.O_RDWR : constants.O_WRONLY) : constants.O_RDONLY
  return (
    access |
    (flags & append ? constants.O_APPEND : 0) |
    (flags & create ? constants.O_CREAT : 0) |
    (flags & truncate ? constants.O_TRUNC : 0) |
    (flags & exclusive ? constants.O_EXCL : 0)
  )
}

async function writeAll(file: fs.FileHandle, data: Buffer, offset: number): Promise<void> {
  for (let written = 0; written < data.length;) {
    written += (await file.write(data, written, data.length - written, offset + written)).bytesWritten
  }
}

/** SSH_FXP_RENAME: a target that is there is refused. link and unlink for files, as OpenSSH does it, so that there is no race. */
async function renameNew(from: string, to: string): Promise<void> {
  if ((await fs.lstat(from)).isFile()) {
    await fs.link(from, to)
    return fs.unlink(from)
  }
  const isThere = await fs.lstat(to).then(
    () => true,
    () => false,
  )
  if (isThere) throw Object.assign(new Error(`${to} is there`), { code: 'EEXIST' })
  return fs.rename(from, to)
}

async function namesIn(folder: string): Promise<Name[]> {
  const names = ['.', '..', ...(await fs.readdir(folder)).toSorted()]
  return Promise.all(
    names.map(async (filename) => {
      const stats = await fs.lstat(filename === '..' ? folder : `${folder}/${filename}`)
      return { filename, longname: longname(filename, stats), attrs: attributesOf(stats) }
    }),
  )
}

/** As `ls -l` prints it; sftp(1) shows this line. */
function longname(name: string, stats: Stats): string {
  const kind = stats.isDirectory() ? 'd' : stats.isSymbolicLink() ? 'l' : '-'
  const bits = Array.from('rwxrwxrwx')
    .map((letter, index) => (stats.mode & (0o400 >> index) ? letter : '-'))
    .join('')
  return `${kind}${bits} ${stats.nlink} root root ${stats.size} ${stats.mtime.toUTCString().slice(5, 22)} ${name}`
}

function attributesOf(stats: Stats): Attributes {
  const seconds = (ms: number) => Math.floor(ms / 1000)
  // The host's root is whoever runs the embedded lab.
  return {
    mode: stats.mode,
    uid: 0,
    gid: 0,
    size: stats.size,
    atime: seconds(stats.atimeMs),
    mtime: seconds(stats.mtimeMs),
  }
}

async function setAttributes(file: fs.FileHandle, attrs: Partial<Attributes>): Promise<void> {
  if (attrs.size !== undefined) await file.truncate(attrs.size)
  if (attrs.mode !== undefined) await file.chmod(attrs.mode & 0o7777)
  if (attrs.atime !== undefined && attrs.mtime !== undefined) await file.utimes(attrs.atime, attrs.mtime)
}

function stringsOf(data: Buffer): Buffer[] {
  const strings: Buffer[] = []
  for (let at = 0; at + 4 <= data.length;) {
    const length = data.readUInt32BE(at)
    strings.push(data.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return strings
}

function bare(filename: string): Name {
  return { filename, longname: filename, attrs: { mode: 0, uid: 0, gid: 0, size: 0, atime: 0, mtime: 0 } }
}

/** The SSH_FX_ code and the words that OpenSSH's sftp-server has for an error of the file system. */
function statusOf(error: unknown): [code: number, message: string] {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EBADF' || code === 'ELOOP') return [2, 'No such file']
  if (code === 'EACCES' || code === 'EPERM' || code === 'EFAULT') return [3, 'Permission denied']
  return [4, 'Failure']
}
