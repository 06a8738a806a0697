/** Which pull request a run is about. A run after a fork's asks GitHub which one stands at the commit: the fork's run may say anything. */
import { FailureError } from '../failure.ts'
import type { GitHub } from './github-api.ts'

export interface PullRequest {
  readonly number: number
  /** The full hash of the commit that it stands at. */
  readonly head: string
}

/** What the file of a workflow's event says. */
export interface Event {
  /** "owner/name" of the repository that the workflow belongs to. */
  readonly repository: string | null
  /** In a pull request's own run. */
  readonly pullRequest: PullRequest | null
  /** In a run that follows on a pull request's: that run. */
  readonly after: Run | null
}

interface Run {
  readonly head: string
  readonly branch: string
  /** "owner/name" of where the branch is: of the fork. */
  readonly from: string
  /** Where its artifacts can be seen. */
  readonly url: string
}

/** Reads the event of `pull_request` or of `workflow_run`; of any other only the repository is known. */
export function eventOf(document: unknown): Event {
  const number = at(document, 'pull_request', 'number')
  const head = hash(at(document, 'pull_request', 'head', 'sha'))
  return {
    repository: textOf(at(document, 'repository', 'full_name')),
    pullRequest: Number.isSafeInteger(number) && head !== null ? { number: number as number, head } : null,
    after: runOf(at(document, 'workflow_run')),
  }
}

function runOf(run: unknown): Run | null {
  const head = hash(at(run, 'head_sha'))
  const branch = textOf(at(run, 'head_branch'))
  const from = textOf(at(run, 'head_repository', 'full_name'))
  const url = textOf(at(run, 'html_url'))
  if (at(run, 'event') !== 'pull_request') return null
  return head === null || branch === null || from === null || url === null ? null : { head, branch, from, url }
}

/** The open pull request of a repository that stands at the run's commit; null where none does any more. A FailureError where several do. */
export async function pullRequestAfter(run: Run, repository: string, github: GitHub): Promise<PullRequest | null> {
  const owner = run.from.split('/')[0] ?? ''
  const from = encodeURIComponent(`${owner}:${run.branch}`)
  const all = await github.list(`/repos/${repository}/pulls?state=open&per_page=100&head=${from}`)
  const there = all.filter(
    (each) => at(each, 'head', 'sha') === run.head && at(each, 'head', 'repo', 'full_name') === run.from,
  )
  const numbers = there.flatMap((each) => {
    const number = at(each, 'number')
    return Number.isSafeInteger(number) ? [number as number] : []
  })
  if (numbers.length > 1) {
    const what = `${numbers.length} open pull requests stand at ${run.head}: ${numbers.join(', ')}`
    const next = 'close all but one, or say which with --pull-request NUMBER'
    throw new FailureError({ what, where: repository, now: 'nothing was sent', next }, 4)
  }
  return numbers[0] === undefined ? null : { number: numbers[0], head: run.head }
}

/** A pull request by its number. A FailureError where there is none. */
export async function pullRequestAt(number: number, repository: string, github: GitHub): Promise<PullRequest> {
  const head = hash(at(await github.get(`/repos/${repository}/pulls/${number}`), 'head', 'sha'))
  if (head !== null) return { number, head }
  const what = `GitHub does not say at which commit pull request ${number} stands`
  throw new FailureError({ what, where: repository, now: 'nothing was sent', next: 'run it again' }, 4)
}

/** The merged pull request that brought a commit (the full hash); null where none did. Of several, the one that was merged as this commit. */
export async function mergedPullRequest(commit: string, repository: string, github: GitHub): Promise<number | null> {
  const all = await github.list(`/repos/${repository}/commits/${commit}/pulls?per_page=100`)
  const merged = all.flatMap((each) => {
    const number = at(each, 'number')
    const isMerged = typeof at(each, 'merged_at') === 'string' && Number.isSafeInteger(number)
    return isMerged ? [{ number: number as number, isThis: at(each, 'merge_commit_sha') === commit }] : []
  })
  return (merged.find(({ isThis }) => isThis) ?? merged[0])?.number ?? null
}

/** GitHub lists no more of them. */
const mostFiles = 3000

/** The paths that a pull request touches, old names of renamed files included, as GitHub knows them; `whole`: whether those are all. */
export async function pathsOf(
  { number }: PullRequest,
  repository: string,
  github: GitHub,
): Promise<{ readonly paths: readonly string[]; readonly whole: boolean }> {
  const files = await github.list(`/repos/${repository}/pulls/${number}/files?per_page=100`)
  const names = files.flatMap((file) => [textOf(at(file, 'filename')), textOf(at(file, 'previous_filename'))])
  return { paths: names.filter((name) => name !== null), whole: files.length < mostFiles }
}

/** What is at the end of these keys; undefined where something on the way is no object. */
export function at(value: unknown, ...keys: readonly string[]): unknown {
  let here = value
  for (const key of keys) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return undefined
    here = (here as Readonly<Record<string, unknown>>)[key]
  }
  return here
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

function hash(value: unknown): string | null {
  return typeof value === 'string' && /^[0-9a-f]{40,64}$/.test(value) ? value : null
}
