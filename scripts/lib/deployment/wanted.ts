/** The bytes a host should hold: a bundle's files with their holes filled, in memory only. */
import { createHash } from 'node:crypto'
import type { Id, SerialHole, Text } from '../../../renderers/renderer.ts'
import { fill, type Secrets } from '../bundle/fill.ts'
import type { FileManifest, Rendering } from '../bundle/rendering.ts'

export interface WantedFile {
  readonly file: FileManifest
  readonly bytes: Buffer
  /** SHA-256 of the bytes: kept on the host only, for a short secret could be guessed from it. */
  readonly hash: string
  /** Of a file with a number that may only rise. */
  readonly serial: Serial | null
}

export interface Serial {
  readonly id: Id
  /** What stands before the number on its line. */
  readonly prefix: string
}

/** Fills one file. `serials`: by name the number to write. */
export function wantedFile(
  rendering: Pick<Rendering, 'contents'>,
  file: FileManifest,
  secrets: Secrets,
  serials: Readonly<Record<Id, number>>,
): WantedFile {
  const content = rendering.contents[file.content]
  if (content === undefined) throw new Error(`the rendering holds no content for ${file.path}`)
  const bytes = Buffer.from(fill(content, secrets, serials))
  return { file, bytes, hash: createHash('sha256').update(bytes).digest('hex'), serial: serialOf(content) }
}

/** The number in a text that may only rise, if it has one. */
export function serialOf(content: Text): Serial | null {
  const index = content.findIndex((segment) => typeof segment !== 'string' && 'serial' in segment)
  if (index < 0) return null
  const before = content[index - 1]
  const prefix = typeof before === 'string' ? (before.split('\n').at(-1) ?? '') : ''
  if (prefix.trim() === '')
    throw new Error('a serial must stand behind a word on its own line, or nobody can find it again')
  return { id: (content[index] as SerialHole).serial, prefix }
}
