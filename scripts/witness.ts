/** Remembers what a process wrote to its streams, whoever in it wrote there. */
import type { Written } from './lib/deployment/leaks.ts'

/** What is needed of process.stdout. */
export interface Watched {
  write(chunk: string | Uint8Array, ...more: unknown[]): boolean
}

/** With these commands a value is given to GitHub's runner, which takes them out of the log. */
const given = /^::add-mask::.*$/gm

/** From now on, by the name that a person knows the stream by. */
export function witness(streams: Readonly<Record<string, Watched>>): () => readonly Written[] {
  const watched = Object.entries(streams).map(([name, stream]) => {
    const chunks: Uint8Array[] = []
    const write = stream.write.bind(stream)
    stream.write = (chunk, ...more) => {
      chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
      return write(chunk, ...more)
    }
    return { name, text: () => Buffer.concat(chunks).toString('utf8').replaceAll(given, '') }
  })
  return () => watched.map(({ name, text }) => ({ name, text: text() }))
}
