/** Finds secret values in a text, in every form that they may have there, and takes them out before anybody sees it. */
import type { Id } from '../../../renderers/lab.ts'
import { formsOf, shortest, type Form } from './secret-forms.ts'

export interface KnownSecret {
  readonly id: Id
  readonly value: string
}

export interface Matcher {
  /** The text with each value, and what begins as a value does, taken out. */
  masked(text: string): string
  /** Where a value begins, by offset; what only begins as one does counts where it is long enough to be no chance. */
  found(text: string): readonly { readonly id: Id; readonly at: number }[]
}

/** The beginning of a value tells on it from here on, where something cut the rest off. */
const head = 8
/** All RSA keys of a size begin with the same sixteen characters. */
const ownHead = 20

interface Entry extends Form {
  readonly id: Id
}

interface Match {
  readonly entry: Entry
  readonly length: number
}

/** What finds these values: the same for what is printed and for what was written. */
export function matcherOf(known: readonly KnownSecret[]): Matcher {
  const byStart = new Map<string, Entry[]>()
  for (const { id, value } of known) {
    for (const form of formsOf(value)) {
      const start = form.text.slice(0, shortest)
      byStart.set(start, [...(byStart.get(start) ?? []), { ...form, id }])
    }
  }
  const matches = (text: string) => (byStart.size === 0 ? [] : allMatches(text, byStart))
  return {
    masked(text) {
      let [left, last] = ['', 0]
      for (const { at, entry, length } of matches(text)) {
        const { start, end } = entry.isBase64 ? widened(text, at, at + length) : { start: at, end: at + length }
        left += `${text.slice(last, Math.max(start, last))}***`
        last = end
      }
      return left + text.slice(last)
    },
    found: (text) =>
      matches(text)
        .filter(({ entry, length }) => length >= Math.min(ownHead, entry.text.length))
        .map(({ entry, at }) => ({ id: entry.id, at })),
  }
}

/** As a matcher of these values, whatever they are called. */
export function masked(text: string, values: readonly string[]): string {
  return matcherOf(values.map((value) => ({ id: '', value }))).masked(text)
}

/** From left to right, none within another. */
function allMatches(text: string, byStart: ReadonlyMap<string, readonly Entry[]>): (Match & { readonly at: number })[] {
  const matches: (Match & { readonly at: number })[] = []
  for (let at = 0; at <= text.length - shortest; at += 1) {
    const entries = byStart.get(text.slice(at, at + shortest))
    const match = entries === undefined ? null : longest(text, at, entries)
    if (match === null) continue
    matches.push({ ...match, at })
    at += match.length - 1
  }
  return matches
}

function longest(text: string, at: number, entries: readonly Entry[]): Match | null {
  let best: Match | null = null
  for (const entry of entries) {
    const length = common(text, at, entry.text)
    const counts = length === entry.text.length || length >= head
    if (counts && length > (best?.length ?? 0)) best = { entry, length }
  }
  return best
}

/** How many characters are the same from there on. */
function common(text: string, at: number, part: string): number {
  let length = 0
  while (length < part.length && text[at + length] === part[length]) length += 1
  return length
}

/** One character on either side, and the padding. */
function widened(text: string, from: number, to: number): { start: number; end: number } {
  const isDigit = (at: number) => /^[\w+/-]$/.test(text[at] ?? '')
  let end = isDigit(to) ? to + 1 : to
  while (text[end] === '=' && end < to + 3) end += 1
  return { start: isDigit(from - 1) ? from - 1 : from, end }
}
