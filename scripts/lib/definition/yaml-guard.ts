/** Refuses YAML that would cost more than a definition is worth, before and after it is composed. */
import type { CST } from 'yaml'

const deepest = 64
const mostValues = 100_000

/**
 * The offset at which collections are nested deeper than 64 levels; null where they are not. yaml 2.9.1's lexer and parser do not recurse, but
 * its composer does, and two deep documents, flow or block, end the process with "RegExpCompiler Allocation failed", which nobody can catch.
 */
export function tooDeep(tokens: readonly CST.Token[]): number | null {
  const pending = tokens.map((token) => ({ token, depth: 0 }))
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (next.depth > deepest) return next.token.offset
    for (const token of children(next.token)) pending.push({ token, depth: next.depth + 1 })
  }
  return null
}

/** Keys and values directly below a token. */
export function children(token: CST.Token): CST.Token[] {
  if (token.type === 'document') return token.value === undefined ? [] : [token.value]
  if (!('items' in token)) return []
  return token.items.flatMap((item) => [item.key, item.value].filter((child) => child !== undefined && child !== null))
}

/** What is too much about a value whose aliases are written out; null where nothing is. Needs no more time than the limit. */
export function tooMuch(value: unknown): string | null {
  let seen = 0
  const pending: { readonly value: unknown; readonly depth: number }[] = [{ value, depth: 0 }]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (++seen > mostValues) return `it stands for more than ${mostValues} values once its aliases are written out`
    if (next.depth > deepest) return `it is nested deeper than ${deepest} levels`
    if (next.value === null || typeof next.value !== 'object') continue
    for (const child of Object.values(next.value)) {
      // Popping what is pending already exceeds the limit.
      if (pending.length <= mostValues) pending.push({ value: child, depth: next.depth + 1 })
    }
  }
  return null
}
