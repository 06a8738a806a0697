/** Problems as GitHub shows them on the lines of a pull request. */
import type { Problem } from '../definition/problem.ts'

export interface Annotation {
  readonly severity: Problem['severity']
  readonly title: string
  readonly message: string
  /** Relative to the repository's root. */
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1. */
  readonly column: number
  readonly endColumn: number
}

/** GitHub shows at most ten errors and ten warnings of a step, and drops the others without a word. */
const shown = 10

/** One annotation per problem, in the order given. Of more than GitHub shows, the last one says how many there are besides. */
export function annotationsOf(problems: readonly Problem[]): readonly Annotation[] {
  return [...bySeverity(problems, 'error'), ...bySeverity(problems, 'warning')]
}

function bySeverity(problems: readonly Problem[], severity: Problem['severity']): readonly Annotation[] {
  const all = problems.filter((problem) => problem.severity === severity).map(annotationOf)
  const last = all[shown - 1]
  if (all.length <= shown || last === undefined) return all
  const message = `${last.message}\n${all.length - shown} more of severity ${severity} are in the log of this step only.`
  return [...all.slice(0, shown - 1), { ...last, message }]
}

function annotationOf({ severity, rule, message, help, file, line, column, length }: Problem): Annotation {
  return { severity, title: rule, message: `${message}\nhelp: ${help}`, file, line, column, endColumn: column + length }
}
