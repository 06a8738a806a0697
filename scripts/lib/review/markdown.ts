/** Text that anybody may have written, in GitHub-flavoured Markdown: it cannot leave its place, mention anybody or become HTML. */
import { visible } from './visible.ts'

/** A code span; its fence is longer than any run of back-ticks inside. */
export function code(text: string): string {
  const seen = visible(text).replaceAll('|', '∣')
  const ticks = '`'.repeat(longestRun(seen) + 1)
  return seen.startsWith('`') || seen.endsWith('`') ? `${ticks} ${seen} ${ticks}` : `${ticks}${seen}${ticks}`
}

/** A code block; its fence is longer than any run of back-ticks inside. */
export function fence(language: string, lines: readonly string[]): string {
  const ticks = '`'.repeat(Math.max(3, longestRun(lines.join('\n')) + 1))
  return [`${ticks}${language}`, ...lines, ticks].join('\n')
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))
}

/** Plain words, in which nothing means anything to Markdown, HTML or GitHub. */
export function plain(text: string): string {
  return visible(text).replaceAll(/[&<>@#`*_~|[\]\\]/g, (character) => `&#${character.charCodeAt(0)};`)
}
