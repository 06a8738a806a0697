/** Numbers of steps and counts, in words. */

/** "4", "4–15", "2, 5". */
export function stepNumbers(ids: readonly number[]): string {
  return runs(ids)
    .map(([first, final]) => (first === final ? `${first}` : `${first}–${final}`))
    .join(', ')
}

/** "step 4", "steps 4 and 5", "steps 2, 4 to 6". */
export function stepWords(ids: readonly number[]): string {
  const sorted = [...new Set(ids)].toSorted((a, b) => a - b)
  if (sorted.length === 1) return `step ${sorted[0]}`
  if (sorted.length === 2) return `steps ${sorted[0]} and ${sorted[1]}`
  return `steps ${runs(sorted)
    .map(([first, final]) => (first === final ? `${first}` : `${first} to ${final}`))
    .join(', ')}`
}

/** Numbers that follow each other, put together. */
function runs(sorted: readonly number[]): readonly (readonly [number, number])[] {
  const found: [number, number][] = []
  for (const id of sorted) {
    const current = found.at(-1)
    if (current !== undefined && current[1] === id - 1) current[1] = id
    else found.push([id, id])
  }
  return found
}

/** "1 host", "3 hosts". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
