/**
 * Text that anybody may have written, in GitHub-flavoured Markdown: it cannot leave its place or become HTML, and it calls nobody: what is in a
 * code span or a fence GitHub reads for no mention, reference or address. An entity in plain words would not do: GitHub looks at what is drawn.
 */
import { visible } from './visible.ts'

/** A code span; its fence is longer than any run of back-ticks inside. */
export function code(text: string): string {
  const seen = visible(text).replaceAll('|', '∣')
  // Two back-ticks with nothing in between would open a span.
  if (seen.trim() === '') return '` `'
  const ticks = '`'.repeat(longestRun(seen) + 1)
  return seen.startsWith('`') || seen.endsWith('`') ? `${ticks} ${seen} ${ticks}` : `${ticks}${seen}${ticks}`
}

/** A code span of at most so many characters; the rest is counted. */
export function shortCode(text: string, most: number): string {
  return code(clipped(visible(text), most))
}

/** A code block; its fence is longer than any run of back-ticks inside. */
export function fence(language: string, lines: readonly string[]): string {
  const ticks = '`'.repeat(Math.max(3, longestRun(lines.join('\n')) + 1))
  return [`${ticks}${language}`, ...lines, ticks].join('\n')
}

/** A table; a cell holds no "|" but in what code() made of it. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** The beginning, at most so many characters long and no character halved, and how many more there are. */
export function clipped(text: string, most: number): string {
  if (text.length <= most) return text
  const start = text.slice(0, most).replace(/[\uD800-\uDBFF]$/, '')
  return `${start}… and ${grouped(text.length - start.length)} more characters`
}

/** "1,980" */
export function grouped(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',')
}

function longestRun(text: string): number {
  let longest = 0
  for (const [run] of text.matchAll(/`+/g)) longest = Math.max(longest, run.length)
  return longest
}
