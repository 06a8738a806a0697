/** The GitHub side of a run in a workflow. */
import { error, setOutput, setSecret, warning, type AnnotationProperties } from '@actions/core'
import type { Annotation } from './annotations.ts'

/** What later steps of the job can ask this one's outputs for. Wants GITHUB_OUTPUT. */
export function giveOutputs(outputs: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(outputs)) setOutput(name, value)
}

/** Prints annotations as workflow commands on standard output; outside a workflow they are of no use. */
export function annotate(annotations: readonly Annotation[]): void {
  for (const annotation of annotations) {
    const { severity, message, title, file, line, column, endColumn } = annotation
    const properties: AnnotationProperties = { title, file, startLine: line, startColumn: column, endColumn }
    if (severity === 'error') error(message, properties)
    else warning(message, properties)
  }
}

/** Has GitHub's runner take these values out of the log of this job, of its later steps too. For a workflow only: elsewhere it prints them. */
export function hideInLog(values: readonly string[]): void {
  for (const value of values) setSecret(value)
}
