/** A table in plain text that fits a width: long cells are wrapped, no cell is cut. */

/** Below this no column is squeezed; then the table is wider than asked for. */
const narrowest = 12
const gap = '  '

/** The rows under their heads, without colours. `columns`: width to fit, in characters. Each cell is a list of lines. */
export function textTable(
  heads: readonly string[],
  rows: readonly (readonly (readonly string[])[])[],
  columns: number,
): string {
  const all = [heads.map((head) => [head]), ...rows]
  const widths = fitted(
    heads.map((_, column) => Math.max(...all.map((row) => Math.max(0, ...(row[column] ?? []).map(length))))),
    columns - 1 - gap.length * (heads.length - 1),
  )
  const lines = all.flatMap((row) => {
    const cells = row.map((cell, column) => cell.flatMap((line) => wrapped(line, widths[column] ?? narrowest)))
    const height = Math.max(1, ...cells.map((cell) => cell.length))
    return Array.from({ length: height }, (_, line) =>
      ` ${cells.map((cell, column) => padded(cell[line] ?? '', widths[column] ?? 0)).join(gap)}`.trimEnd(),
    )
  })
  return `${lines.join('\n')}\n`
}

/** The widest column gives way first, one character at a time. */
function fitted(natural: readonly number[], room: number): readonly number[] {
  const widths = [...natural]
  for (let over = widths.reduce((sum, width) => sum + width, 0) - room; over > 0; over -= 1) {
    const widest = Math.max(...widths)
    if (widest <= narrowest) break
    widths[widths.indexOf(widest)] = widest - 1
  }
  return widths
}

function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ').flatMap((each) => pieces(each, width))) {
    if (line !== '' && length(line) + 1 + length(word) > width) {
      lines.push(line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

/** A word that is too long for a line, in pieces; a path or a name is parted after a "/" or a "." where there is one. */
function pieces(word: string, width: number): readonly string[] {
  if (length(word) <= width) return [word]
  const characters = Array.from(word)
  const part = characters.slice(0, width)
  const joint = Math.max(part.lastIndexOf('/'), part.lastIndexOf('.'))
  const end = joint > 0 ? joint + 1 : width
  return [characters.slice(0, end).join(''), ...pieces(characters.slice(end).join(''), width)]
}

function padded(text: string, width: number): string {
  return text.replaceAll('\u00a0', ' ') + ' '.repeat(Math.max(0, width - length(text)))
}

/** In code points: good enough for the names and paths that are allowed in a lab. */
function length(text: string): number {
  return Array.from(text).length
}
