/** What a misspelt word most likely means. */

/** The candidate that is nearest; null where none is near. Of equally near ones the first in code-unit order. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  return allNearest(word, candidates)[0] ?? null
}

/** A remedy for a name that nobody knows: what may have been meant, or all there are. `what`: "network", the kind of thing it should be. */
export function remedyForName(word: string, candidates: readonly string[], what: string): string {
  const meant = allNearest(word, candidates)
  if (meant.length > 0 && meant.length <= 3) return `did you mean ${alternatives(meant)}?`
  if (candidates.length === 0) return `there is no ${what} yet`
  const listed = [...new Set(candidates)].toSorted()
  return `known here: ${listed.slice(0, 12).join(', ')}${listed.length > 12 ? ', …' : ''}`
}

function alternatives(names: readonly string[]): string {
  const quoted = names.map((name) => `"${name}"`)
  return quoted.length === 1 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)!}`
}

/** Sorted; each once. */
function allNearest(word: string, candidates: readonly string[]): readonly string[] {
  const limit = Math.max(1, Math.floor(Math.min(word.length, 60) / 3))
  // A word differs from a longer one by at least the difference of their lengths.
  const possible = [...new Set(candidates)].filter(({ length }) => Math.abs(length - word.length) <= limit)
  const scored = possible.map((name) => ({ name, distance: editDistance(word.toLowerCase(), name.toLowerCase()) }))
  const best = Math.min(limit, ...scored.map(({ distance }) => distance))
  return scored
    .filter(({ distance }) => distance === best)
    .map(({ name }) => name)
    .toSorted()
}

/** Levenshtein's distance, a swap of two neighbours counting as one edit. */
function editDistance(a: string, b: string): number {
  let older: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, older[j - 2]! + 1)
      next.push(cost)
    }
    older = row
    row = next
  }
  return row[b.length]!
}
