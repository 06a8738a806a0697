/** What fits into a comment: whole blocks from the front, and a sentence about the rest. Nothing is cut inside. */
import { clipped, fence, grouped, shortCode } from './markdown.ts'
import { visible } from './visible.ts'

/** Room for the commands of a person, and none for a line without end. */
const mostInLine = 1000
/** A sentence about the rest is never longer, its link included. */
export const noteRoom = 700

/** So many of the blocks, from the front, as are together no longer than `room`, with so many characters between two. */
export function fitting(blocks: readonly string[], room: number, between: number): number {
  let used = 0
  for (const [index, block] of blocks.entries()) {
    used += block.length + (index === 0 ? 0 : between)
    if (used > room) return index
  }
  return blocks.length
}

/** Blocks one after the other, at most `room` characters; `left` says in a sentence what is not there. Room for that is `noteRoom`. */
export function blocksWithin(
  blocks: readonly string[],
  room: number,
  left: (from: number) => string,
  separator = '\n\n',
): string {
  const whole = blocks.join(separator)
  if (whole.length <= room) return whole
  const count = fitting(blocks, room - noteRoom, separator.length)
  return [...(count === 0 ? [] : [blocks.slice(0, count).join(separator)]), left(count)].join('\n\n')
}

/** Lines that anybody may have written, in a fence; very long ones are clipped. At most `room` characters. `place`: where the rest is. */
export function fenceWithin(language: string, text: string, room: number, place: string): string {
  const lines = text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => clipped(visible(line), mostInLine))
  const whole = fence(language, lines)
  if (whole.length <= room) return whole
  const overhead = whole.length - lines.join('\n').length
  const count = fitting(lines, room - noteRoom - overhead, 1)
  return `${fence(language, lines.slice(0, count))}\n\n${rest(lines.length - count, 'line', place)}`
}

/**
 * Sentences that anybody may have written, one a line, as a list: a fence has no end on the right, and would hide the end of each. What is indented
 * belongs to what is above it. At most `room` characters.
 */
export function listWithin(text: string, room: number, place: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const items = lines.map((line) => `${line.startsWith(' ') ? '  ' : ''}- ${shortCode(line.trim(), mostInLine)}`)
  return blocksWithin(items, room, (from) => rest(items.length - from, 'line', place), '\n')
}

/** "… and 412 more files: in the artifact" */
export function rest(count: number, noun: string, place: string): string {
  return `… and ${grouped(count)} more ${noun}${count === 1 ? '' : 's'}: ${place}`
}
