/** The files by which a step of a GitHub workflow hands things on. */
import { appendFileSync } from 'node:fs'

type Variables = Readonly<Record<string, string | undefined>>

/** Those that others get to see: the job's summary, outputs, variables for later steps. Empty outside a workflow. */
export function stepFiles(variables: Variables): readonly string[] {
  const names = ['GITHUB_STEP_SUMMARY', 'GITHUB_OUTPUT', 'GITHUB_ENV', 'GITHUB_STATE']
  return names.map((name) => variables[name] ?? '').filter((path) => path !== '')
}

/** Tells the steps that come after this one, by the output "leak", not to show to others what it wrote. */
export function tellOfLeak(variables: Variables): void {
  const outputs = variables['GITHUB_OUTPUT'] ?? ''
  if (outputs !== '') appendFileSync(outputs, 'leak=true\n')
}
