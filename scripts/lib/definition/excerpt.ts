/** The piece of a line that is shown with a problem. */
import { harmless } from './shown.ts'

const width = 120
const before = 40

/** At most 120 characters of the line; what is cut off is shown by "…". */
export function excerptOf(line: string, column: number): string {
  const characters = Array.from(line)
  const offset = excerptOffset(column)
  const piece = characters.slice(offset, offset + width)
  if (offset > 0) piece[0] = '…'
  if (offset + width < characters.length) piece[piece.length - 1] = '…'
  return harmless(piece.join(''))
}

/** How many characters of the line are missing at the left of its excerpt; a function of the column, so that carets find their place. */
export function excerptOffset(column: number): number {
  return column <= width - before ? 0 : column - 1 - before
}
