/** Shortens what a command said, so that secrets can still be told in it. */

/**
 * At most `length` characters, cut between two words: half a secret would not be recognised as one any more. Of one long word nothing is left
 * but its length.
 */
export function clipped(text: string, length: number): string {
  if (text.length <= length) return text
  const words = text
    .slice(0, length + 1)
    .replace(/\S*$/u, '')
    .trimEnd()
  return words === '' ? `(one word of more than ${length} characters)` : `${words} …`
}
