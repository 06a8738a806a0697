/** Tells GitHub how a deployment ended. */
import { FailureError } from '../failure.ts'
import { findMarked } from './comment-marker.ts'
import {
  closingText,
  deploymentBody,
  deploymentTitle,
  labOf,
  statusText,
  waitingBody,
} from './deployment-announcement.ts'
import type { Surroundings } from './deployment-announcement.ts'
import { endOf, isWell, type End, type Ending } from './deployment-end.ts'
import type { GitHub } from './github-api.ts'
import { postComment } from './own-comment.ts'
import { closeIssue, keepIssue, openIssue, type Issue, type IssueTarget } from './own-issue.ts'
import { at, mergedPullRequest } from './pull-request.ts'

/** Who tells whom. */
export interface Audience {
  readonly github: GitHub
  /** "owner/name". */
  readonly repository: string
  /** Who wrote what is there already: the token's own login. */
  readonly author: string
}

/**
 * Does each thing that is due, also where another one fails, and gives what was done, a line each. Afterwards it throws the first FailureError.
 * The order is that of need: whoever reads the issue can act.
 */
export async function announceDeployment(
  ending: Ending,
  around: Surroundings,
  audience: Audience,
  tell: (line: string) => void,
): Promise<void> {
  const end = endOf(ending)
  const { commit } = ending
  const tasks = [
    () => (isWell(end) ? finish(ending, audience) : raise(ending, end, around, audience)),
    ...(commit === null ? [] : [() => tellPullRequest(ending, end, commit, around, audience)]),
    ...(commit === null ? [] : [() => setStatus(ending, end, commit, around, audience)]),
    ...(commit === null ? [] : [() => recordDeployment(ending, end, commit, around, audience)]),
  ]
  const failures: FailureError[] = []
  for (const task of tasks) {
    try {
      const line = await task()
      if (line !== null) tell(line)
    } catch (error) {
      if (!(error instanceof FailureError)) throw error
      failures.push(error)
    }
  }
  if (failures[0] !== undefined) throw failures[0]
}

/** Every host is where it should be: what was open about it is over. */
async function finish(ending: Ending, { github, repository, author }: Audience): Promise<string | null> {
  const issue = await openIssue(github, targetOf(ending, repository, author))
  if (issue === null) return null
  await closeIssue(github, repository, issue, closingText(ending))
  return `issue ${issue.number} is closed`
}

/** One issue for all that is not over. A commit that waits for it is told in a comment there, so that what happened stays on top. */
async function raise(
  ending: Ending,
  end: End,
  around: Surroundings,
  { github, repository, author }: Audience,
): Promise<string> {
  const before = await openIssue(github, targetOf(ending, repository, author))
  if (end.kind === 'held' && before !== null) return waitIn(before, ending, around, { github, repository, author })
  const body = deploymentBody(ending, around, before?.body ?? null)
  const { action, number } = await keepIssue(github, repository, before, { title: deploymentTitle(ending), body })
  return `issue ${number} is ${action}`
}

async function waitIn(
  { number }: Issue,
  ending: Ending,
  around: Surroundings,
  { github, repository, author }: Audience,
): Promise<string> {
  const find = (bodies: readonly string[]) => findMarked(bodies, labOf(ending), 'waiting')
  const bodyFor = (before: string | null) => waitingBody(ending, around, before)
  const { action } = await postComment(github, { repository, number, author, find }, bodyFor)
  return `the comment on issue ${number} that says what waits was ${action}`
}

/** Only what went wrong is worth a comment; one that says so is set right when all is well. */
async function tellPullRequest(
  ending: Ending,
  end: End,
  commit: string,
  around: Surroundings,
  { github, repository, author }: Audience,
): Promise<string | null> {
  const number = await mergedPullRequest(commit, repository, github)
  if (number === null) return null
  const find = (bodies: readonly string[]) => findMarked(bodies, labOf(ending), 'deployment')
  const bodyFor = (before: string | null) =>
    before === null && isWell(end) ? null : deploymentBody(ending, around, before)
  const { action } = await postComment(github, { repository, number, author, find }, bodyFor)
  return action === 'unchanged' ? null : `the comment on pull request ${number} was ${action}`
}

async function setStatus(
  ending: Ending,
  end: End,
  commit: string,
  { run }: Surroundings,
  { github, repository }: Audience,
): Promise<string> {
  const state = isWell(end) ? 'success' : end.kind === 'unknown' ? 'error' : 'failure'
  const context = environmentOf(ending)
  const link = run === null ? {} : { target_url: run }
  await github.send('POST', `/repos/${repository}/statuses/${commit}`, {
    state,
    context,
    description: statusText(end),
    ...link,
  })
  return `commit ${commit.slice(0, 7)} is marked: ${state}`
}

/** Of those that began. GitHub makes one of its own for the job's environment, at the commit of the workflow, which after a way back is another one. */
async function recordDeployment(
  ending: Ending,
  end: End,
  commit: string,
  { run }: Surroundings,
  { github, repository }: Audience,
): Promise<string | null> {
  if (end.kind === 'held' || end.kind === 'busy' || end.kind === 'untouched') return null
  const environment = environmentOf(ending)
  const description = statusText(end)
  const listing = `/repos/${repository}/deployments`
  // The commit is on the main branch already, and what has to be well for that is no matter here.
  const asked = { ref: commit, environment, description, auto_merge: false, required_contexts: [] }
  const id = at(await github.send('POST', listing, asked), 'id')
  if (!Number.isSafeInteger(id)) {
    const what = 'GitHub does not say which deployment it has made'
    throw new FailureError({ what, where: repository, now: 'it has no status', next: 'run it again' }, 4)
  }
  const state = isWell(end) ? 'success' : end.kind === 'unknown' ? 'error' : 'failure'
  const link = run === null ? {} : { log_url: run }
  await github.send('POST', `${listing}/${String(id)}/statuses`, { state, description, environment, ...link })
  return `deployment ${String(id)} of ${environment} is recorded: ${state}`
}

function environmentOf(ending: Ending): string {
  return `quorate/${labOf(ending) ?? 'lab'}`.slice(0, 100)
}

function targetOf(ending: Ending, repository: string, author: string): IssueTarget {
  return { repository, author, lab: labOf(ending), about: 'deployment' }
}
