/** Quotes and brackets that are opened and never closed; the composer names the place where it gave up, often the end of the file. */
import type { CST } from 'yaml'
import { children } from './yaml-guard.ts'

/** The first of them: its offset; null where all are closed. `gaveUp` are the offsets at which a closing quote was missed. */
export function neverClosed(tokens: readonly CST.Token[], gaveUp: readonly number[]): number | null {
  let first: number | null = null
  const pending = [...tokens]
  for (let token = pending.pop(); token !== undefined; token = pending.pop()) {
    if (isOpen(token, gaveUp) && (first === null || token.offset < first)) first = token.offset
    // A file may hold more tokens than a call may have arguments.
    for (const child of children(token)) pending.push(child)
  }
  return first
}

function isOpen(token: CST.Token, gaveUp: readonly number[]): boolean {
  if (token.type === 'flow-collection') {
    return !token.end.some(({ type }) => type === 'flow-map-end' || type === 'flow-seq-end')
  }
  const isQuoted = token.type === 'double-quoted-scalar' || token.type === 'single-quoted-scalar'
  return isQuoted && gaveUp.includes(token.offset + token.source.length)
}
