/** One form for equal values: what is hashed, printed and stored does not depend on the order in which a map was built. */
import { createHash } from 'node:crypto'
import type { Sha256 } from './rendering.ts'

/** JSON without white space, keys in code-unit order; keys without a value (undefined) are left out, as JSON does. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = sortedEntries<unknown>({ ...value }).filter(([, member]) => member !== undefined)
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(',')}}`
}

/**
 * The same value with the keys of every map in code-unit order. The order of lists means something and stays. What is in it at many places as one
 * object is one afterwards, too.
 */
export function sortedKeys<T>(value: T): T {
  return sortedWithin(value, new Map()) as T
}

function sortedWithin(value: unknown, known: Map<object, unknown>): unknown {
  if (typeof value !== 'object' || value === null) return value
  const before = known.get(value)
  if (before !== undefined) return before
  const sorted = Array.isArray(value)
    ? value.map((item: unknown) => sortedWithin(item, known))
    : Object.fromEntries(
        sortedEntries<unknown>({ ...value }).map(([key, member]) => [key, sortedWithin(member, known)]),
      )
  known.set(value, sorted)
  return sorted
}

/** SHA-256 of the text's UTF-8 bytes, hexadecimal. */
export function sha256(text: string): Sha256 {
  return createHash('sha256').update(text, 'utf8').digest('hex')
}

/** Plain code-unit order, for `sort`: the same on every machine, whatever its language. */
export function byCodeUnits(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** By key, in code-unit order. */
export function sortedEntries<T>(map: { readonly [key: string]: T }): [string, T][] {
  return Object.entries<T>(map).toSorted(([a], [b]) => byCodeUnits(a, b))
}
