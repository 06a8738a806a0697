/** What quorate's workflows keep to beyond what actionlint looks for: least privilege, pinned actions, no text of others in a shell. */
import { parse } from 'yaml'
import type { SourceFile } from '../house/source-tree.ts'

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly with?: Readonly<Record<string, unknown>>
}

interface Job {
  readonly permissions?: unknown
  readonly 'timeout-minutes'?: number
  readonly steps?: readonly Step[]
}

interface Workflow {
  readonly on: unknown
  readonly permissions?: object
  readonly jobs?: Readonly<Record<string, Job>>
  readonly runs?: { readonly steps?: readonly Step[] }
}

/** Every breach in a workflow or a composite action, as a sentence. */
export function workflowProblems({ path, text }: SourceFile): readonly string[] {
  const workflow = parse(text) as Workflow
  const jobs = Object.entries(workflow.jobs ?? {})
  const steps = [...jobs.flatMap(([, job]) => job.steps ?? []), ...(workflow.runs?.steps ?? [])]
  const problems = [
    ...(workflow.jobs === undefined ? [] : privilegeProblems(workflow)),
    ...jobs.filter(([, job]) => job['timeout-minutes'] === undefined).map(([name]) => `job ${name} has no timeout`),
    ...steps.flatMap(stepProblems),
    ...unversionedPins(text),
  ]
  return problems.map((problem) => `${path}: ${problem}`)
}

function privilegeProblems({ on, permissions, jobs }: Workflow): readonly string[] {
  const checkouts = Object.values(jobs ?? {})
    .flatMap(({ steps }) => steps ?? [])
    .filter(({ uses }) => uses?.startsWith('actions/checkout@') === true)
  const elsewhere = checkouts.some(({ with: inputs }) => inputs?.['ref'] ?? inputs?.['repository'])
  return [
    ...(JSON.stringify(on).includes('workflow_run') && elsewhere
      ? ['code of others is checked out beside a token that writes']
      : []),
    ...(JSON.stringify(permissions) === '{}' ? [] : ['permissions are not {} at the top']),
    ...(JSON.stringify(on).includes('pull_request_target')
      ? ['pull_request_target runs code of others with our secrets']
      : []),
  ]
}

function stepProblems({ uses, run, with: inputs }: Step): readonly string[] {
  return [
    ...(uses !== undefined && !uses.startsWith('./') && !/@[0-9a-f]{40}$/.test(uses) ? [`${uses} is not pinned`] : []),
    ...(uses?.startsWith('actions/checkout@') === true && inputs?.['persist-credentials'] !== false
      ? ['the checkout leaves its token behind']
      : []),
    ...(run?.includes('${{') === true ? [`an expression is put into a shell: ${run.trim()}`] : []),
  ]
}

function unversionedPins(text: string): readonly string[] {
  return text
    .split('\n')
    .filter((line) => /\buses: [^.\s]/.test(line) && !/# v\d+\.\d+\.\d+$/.test(line))
    .map((line) => `no version is named: ${line.trim()}`)
}
