/** " Did you mean …?" for a name that is close to one of the names there are; else the names; in words that end a help text. */
export function suggestion(name: string, names: readonly string[]): string {
  const scored = names.map((one) => ({ one, edits: edits(name.toLowerCase(), one.toLowerCase()) }))
  const best = scored.toSorted((a, b) => a.edits - b.edits || (a.one < b.one ? -1 : 1))[0]
  if (best !== undefined && best.edits <= Math.max(2, Math.floor(name.length / 3))) return `did you mean "${best.one}"?`
  return names.length === 0 ? 'there is none to choose from' : `there is ${names.toSorted().join(', ')}`
}

/** Letters to insert, delete or replace to get from one word to the other (Levenshtein). */
function edits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const replace = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(replace, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}
