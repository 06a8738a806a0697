/** The candidate that a misspelt word most likely means; null where none is near. Of equally near ones the first in code-unit order. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  const limit = Math.max(1, Math.floor(Math.min(word.length, 60) / 3))
  let best: { readonly candidate: string; readonly distance: number } | null = null
  for (const candidate of candidates.toSorted()) {
    // A word differs from a longer one by at least the difference of their lengths.
    if (Math.abs(candidate.length - word.length) > limit) continue
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance <= limit && (best === null || distance < best.distance)) best = { candidate, distance }
  }
  return best?.candidate ?? null
}

/** A remedy for a name that nobody knows: the one that was meant, or all there are. */
export function remedyForName(word: string, candidates: readonly string[], what: string): string {
  const meant = nearest(word, candidates)
  if (meant !== null) return `did you mean "${meant}"?`
  if (candidates.length === 0) return `there is no ${what} yet`
  const listed = candidates.toSorted().slice(0, 12)
  return `known here: ${listed.join(', ')}${candidates.length > listed.length ? ', …' : ''}`
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
