/** Problems in the definition for a pull request; each is on its line as an annotation, too. */
import type { Problem } from '../definition/problem.ts'
import { blocksWithin, rest } from './fitting.ts'
import { shortCode } from './markdown.ts'

/** Errors first. At most `room` characters; empty where there are none. */
export function problemsWithin(problems: readonly Problem[], room: number, place: string): string {
  const head = '#### Problems\n\n'
  const ordered = problems.toSorted((a, b) => Number(a.severity === 'warning') - Number(b.severity === 'warning'))
  const left = (from: number) => rest(ordered.length - from, 'problem', place)
  return problems.length === 0 ? '' : `${head}${blocksWithin(ordered.map(line), room - head.length, left, '\n')}`
}

function line({ severity, rule, file, line: number, message, help }: Problem): string {
  const sign = severity === 'error' ? '❌' : '⚠️'
  const where = shortCode(`${file}:${number}`, 200)
  return `- ${sign} ${where} ${shortCode(message, 400)} (${shortCode(rule, 80)})<br>help: ${shortCode(help, 400)}`
}
