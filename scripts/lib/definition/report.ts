/** Problems as a person reads them. */
import { styleText } from 'node:util'
import type { Definition } from './definition.ts'
import { excerptOffset } from './excerpt.ts'
import type { Problem } from './problem.ts'

export interface ReportOptions {
  readonly colour: boolean
}

/** Each problem with its line, and the count at the end; "" where there is no problem. */
export function reportProblems(
  { problems, files }: Pick<Definition, 'problems' | 'files'>,
  options: ReportOptions,
): string {
  if (problems.length === 0) return ''
  const said = problems.map((problem) => `${reportProblem(problem, options)}\n`)
  return `${said.join('\n')}\n${counted(problems)} in ${plural(files, 'file')}\n`
}

function reportProblem(problem: Problem, { colour }: ReportOptions): string {
  const paint = (format: Format, text: string) => (colour ? styleText(format, text, { validateStream: false }) : text)
  const tone = problem.severity === 'error' ? 'red' : 'yellow'
  const place = paint('bold', `${problem.file}:${problem.line}:${problem.column}`)
  return [
    `${place}  ${paint(tone, problem.severity)}  ${problem.rule}`,
    ...excerptLines(problem, (carets) => paint(tone, carets)),
    `  ${problem.message}`,
    `  ${paint('cyan', 'help:')} ${problem.help}`,
  ].join('\n')
}

type Format = Parameters<typeof styleText>[0]

function excerptLines({ excerpt, line, column, length }: Problem, paint: (carets: string) => string): string[] {
  if (excerpt === '') return []
  const number = `  ${line} │ `
  const before = column - 1 - excerptOffset(column)
  const carets = '^'.repeat(Math.max(1, Math.min(length, Array.from(excerpt).length - before)))
  return [`${number}${excerpt}`, `${' '.repeat(number.length + before)}${paint(carets)}`]
}

function counted(problems: readonly Problem[]): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length
  const warnings = problems.length - errors
  const counts = [errors === 0 ? '' : plural(errors, 'error'), warnings === 0 ? '' : plural(warnings, 'warning')]
  return counts.filter((count) => count !== '').join(', ')
}

/** "1 file", "2 files". */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
