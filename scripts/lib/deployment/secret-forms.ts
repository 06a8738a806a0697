/** How a secret's value may stand in a text: as it is, line by line, in JSON, in a URL, in base64. */

export interface Form {
  readonly text: string
  /** In base64: the characters beside it may hold some of its bits. */
  readonly isBase64: boolean
}

/** What is shorter stands everywhere by chance: masking it would tell more than it hides. Characters. */
export const shortest = 4

/**
 * Each once, none shorter than `shortest`. Of a value with several lines, such as a key, each line counts. In base64 a value is looked for where it
 * begins a text, and one and two bytes further on, as its characters depend on that.
 */
export function formsOf(value: string): readonly Form[] {
  const lines = value
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(isTelling)
  const plain = lines.flatMap((line) => [line, inJson(line), ...inUrl(line)])
  const encoded = [value, value.trim(), ...lines].filter(isTelling).flatMap(inBase64)
  return [...new Set(plain)]
    .filter(isTelling)
    .map((text): Form => ({ text, isBase64: false }))
    .concat([...new Set(encoded)].map((text) => ({ text, isBase64: true })))
}

/** The lines around a key are the same for all keys. */
function isTelling(part: string): boolean {
  return part.length >= shortest && !/^-----[^\n]*$/.test(part)
}

/** As it stands within a JSON string. */
function inJson(part: string): string {
  return JSON.stringify(part).slice(1, -1)
}

/** As in a path and in a form, with digits of either case. */
function inUrl(part: string): string[] {
  // A lone surrogate has no form in a URL.
  const encoded = encodeURIComponent(Buffer.from(part).toString())
  const inForm = new URLSearchParams([['', part]]).toString().slice(1)
  return [encoded, inForm].flatMap((text) => [text, text.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())])
}

/** Without what depends on the bytes before and behind; in both alphabets. Fewer than six characters stand somewhere by chance. */
function inBase64(part: string): string[] {
  const bytes = Buffer.from(part)
  const whole = bytes.toString('base64').replaceAll('=', '')
  const shifted = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64')
    return text.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6))
  })
  return [whole, ...shifted]
    .filter((text) => text.length >= 6)
    .flatMap((text) => [text, text.replaceAll('+', '-').replaceAll('/', '_')])
}
