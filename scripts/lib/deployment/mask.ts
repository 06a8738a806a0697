/** Takes secret values out of a text before anybody sees it. */

const shortest = 4
/** The beginning of a value tells on it from here on, where something cut the rest off. */
const head = 8

/**
 * `values`: what was handed out so far. Of a value with several lines, such as a key, each line counts; the text may be JSON already, where
 * quotes and line ends are escaped. What begins as a value does is taken out too, as far as it goes.
 */
export function masked(text: string, values: readonly string[]): string {
  const lines = values.flatMap((value) => [value, ...value.split(/\r?\n/)]).filter(isTelling)
  const parts = lines.flatMap((line) => [line, escaped(line)])
  const longestFirst = [...new Set(parts)].toSorted((a, b) => b.length - a.length)
  const whole = longestFirst.reduce((left, part) => left.replaceAll(part, '***'), text)
  return longestFirst.reduce((left, part) => withoutHead(left, part), whole)
}

/** As it stands within a JSON string. */
function escaped(part: string): string {
  return JSON.stringify(part).slice(1, -1)
}

/** The lines around a key are the same for all keys, and what is shorter stands everywhere by chance. */
function isTelling(part: string): boolean {
  return part.length >= shortest && !part.startsWith('-----')
}

function withoutHead(text: string, part: string): string {
  if (part.length <= head) return text
  const pieces = text.split(part.slice(0, head))
  return pieces.reduce((left, piece) => `${left}***${piece.slice(common(piece, part.slice(head)))}`)
}

/** How many characters two texts begin with that are the same. */
function common(a: string, b: string): number {
  let length = 0
  while (length < a.length && a[length] === b[length]) length += 1
  return length
}
