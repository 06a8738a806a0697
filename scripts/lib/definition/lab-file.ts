/** A file of the definition after it was read and held against the schema. */
import type { Json } from '../../../renderers/lab.ts'
import type { FileKind } from './file-kind.ts'

export interface LabFile {
  readonly path: string
  readonly kind: FileKind & { readonly kind: 'definition' }
  /** Undefined where it is no YAML. */
  readonly value: unknown
  /** Where there are mistakes: the keys at the top of the file below which they are; null where the file as a whole is wrong. */
  readonly wrongKeys: ReadonlySet<string> | null
}

/** Whether all of the file can be believed. */
export function isSound(file: LabFile): boolean {
  return file.wrongKeys !== null && file.wrongKeys.size === 0
}

/** The entries of the file's map that can be believed. */
export function soundEntries(file: LabFile): readonly (readonly [string, unknown])[] {
  const { wrongKeys, value } = file
  if (wrongKeys === null || value === null || typeof value !== 'object') return []
  return Object.entries(value).filter(([key]) => !wrongKeys.has(key))
}

/** The same value with the keys of every map in code-unit order, so that their order in the file means nothing. */
export function ordered(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(ordered)
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value as Readonly<Record<string, Json>>)
  return Object.fromEntries(sortedByKey(entries.map(([key, item]) => [key, ordered(item)])))
}

/** Entries in the code-unit order of their keys. */
export function sortedByKey<T>(entries: readonly (readonly [string, T])[]): readonly (readonly [string, T])[] {
  return entries.toSorted(([a], [b]) => (a < b ? -1 : 1))
}
