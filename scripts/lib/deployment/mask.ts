/** Takes secret values out of a text before anybody sees it. */

const shortest = 4

/** `values`: what was handed out so far. Of a value with several lines, such as a key, each line counts; line ends and JSON escapes too. */
export function masked(text: string, values: readonly string[]): string {
  const parts = values.flatMap((value) => [value, ...value.split(/\r?\n/)]).filter(isTelling)
  const longestFirst = [...new Set(parts)].toSorted((a, b) => b.length - a.length)
  return longestFirst.reduce((left, part) => left.replaceAll(part, '***'), text)
}

/** The lines around a key are the same for all keys, and what is shorter stands everywhere by chance. */
function isTelling(part: string): boolean {
  return part.length >= shortest && !part.startsWith('-----')
}
