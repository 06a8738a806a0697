/** One command on an SSH channel: the client's bytes to its standard input, its output back, then how it ended. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import type { ExecChannel } from './server.ts'

/**
 * Resolves when the command has ended and all it said was sent. A client that goes away ends the command's standard input and closes its
 * output; the command itself runs on, as under sshd.
 */
export async function attach(child: ChildProcessWithoutNullStreams, channel: ExecChannel): Promise<void> {
  const gone = new Promise<void>((resolve) => channel.once('close', resolve))
  // Nobody reads any more: a command may end before it has read its input.
  child.stdin.on('error', () => child.stdin.destroy())
  channel.on('error', () => channel.close())
  channel.pipe(child.stdin)
  void gone.then(() => {
    child.stdin.end()
    child.stdout.destroy()
    child.stderr.destroy()
  })
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null; why: string }>((resolve) => {
    child.once('error', (error) => resolve({ code: 126, signal: null, why: error.message }))
    child.once('close', (code, signal) => resolve({ code, signal, why: '' }))
  })
  await Promise.all([send(child.stdout, channel, gone), send(child.stderr, channel.stderr, gone)])
  const { code, signal, why } = await ended
  if (why !== '') await write(channel.stderr, Buffer.from(`${why}\n`), gone)
  if (code !== null) channel.exit(code)
  else channel.exit((signal ?? 'SIGKILL').slice(3), false, '')
  channel.end()
}

async function send(source: Readable, sink: Writable, gone: Promise<void>): Promise<void> {
  try {
    for await (const chunk of source) await write(sink, chunk as Buffer, gone)
  } catch (error) {
    // The client went away, and the pipe was closed with it.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  }
}

/** Waits until the bytes were sent: that is the backpressure. A channel that closes never calls back. */
function write(sink: Writable, chunk: Buffer, gone: Promise<void>): Promise<void> {
  return Promise.race([new Promise<void>((resolve) => void sink.write(chunk, () => resolve())), gone])
}
