/** Turns offsets of a text into what a problem says about its place. */
import { excerptOf } from './excerpt.ts'
import type { Problem } from './problem.ts'
import type { Span } from './yaml-fault.ts'

export type Position = Pick<Problem, 'line' | 'column' | 'length' | 'excerpt'>

/** Line, column and length in characters, cut at the end of the line; `hidden` texts get no excerpt. */
export function positionOf(text: string, span: Span, hidden: boolean): Position {
  const start = Math.min(span.start, text.length)
  const lineStart = text.lastIndexOf('\n', start - 1) + 1
  const newline = text.indexOf('\n', start)
  const lineEnd = newline === -1 ? text.length : newline
  const line = text.slice(lineStart, lineEnd).replace(/\r$/, '')
  const column = Array.from(text.slice(lineStart, start)).length + 1
  const value = text.slice(start, Math.min(span.end, lineEnd)).trimEnd()
  return {
    line: lineNumber(text, lineStart),
    column,
    length: Math.max(1, Array.from(value).length),
    excerpt: hidden ? '' : excerptOf(line, column),
  }
}

function lineNumber(text: string, lineStart: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < lineStart; at = text.indexOf('\n', at + 1)) line++
  return line
}
