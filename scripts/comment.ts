/** `quorate comment`: the one comment on a pull request, from what the other verbs printed. */
import { readFile } from 'node:fs/promises'
import { isCode, isTrust } from './lib/bundle/code-changes.ts'
import { FailureError, type Exit } from './lib/failure.ts'
import { commentBody } from './lib/review/comment.ts'
import { isLinkable, isRepository } from './lib/review/github-names.ts'
import { findMarked } from './lib/review/comment-marker.ts'
import { openGitHub, type GitHub } from './lib/review/github-api.ts'
import { loginOf, postComment, type Posted } from './lib/review/own-comment.ts'
import {
  type Event,
  eventOf,
  pathsOf,
  type PullRequest,
  pullRequestAfter,
  pullRequestAt,
} from './lib/review/pull-request.ts'
import { readReview } from './lib/review/review-folder.ts'
import { verdictOf } from './lib/review/verdict.ts'
import type { Terminal } from './terminal.ts'

export interface CommentOptions {
  /** The folder that the other verbs' documents are in. */
  readonly review: string
  readonly repository?: string
  readonly pullRequest?: string
  readonly artifact?: string
  readonly author?: string
  readonly dryRun: boolean
  readonly json: boolean
}

/** Posts or updates the comment; with `dryRun` it is printed, and nothing is sent. Throws a FailureError where that cannot be. */
export async function comment(
  options: CommentOptions,
  terminal: Terminal,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Exit> {
  const event = await readEvent(environment['GITHUB_EVENT_PATH'])
  const artifact = artifactOf(options.artifact ?? event.after?.url ?? null)
  const review = await readReview(options.review)
  if (options.dryRun) {
    const head = event.pullRequest?.head ?? event.after?.head ?? null
    const body = commentBody({ ...review, head, artifact }, null)
    terminal.out(options.json ? document({ action: 'printed', number: null, url: null, body }) : body)
    await giveTo(environment, review, null)
    return 0
  }
  const repository = repositoryOf(options.repository ?? environment['GITHUB_REPOSITORY'] ?? event.repository)
  const url = environment['GITHUB_API_URL'] ?? 'https://api.github.com'
  const github = openGitHub(url, environment['GITHUB_TOKEN'] ?? '')
  const pullRequest = await findPullRequest(options.pullRequest, event, repository, github)
  if (pullRequest === null) {
    terminal.note('no open pull request stands at that commit any more: the run of a later push has its own review\n')
    if (options.json) terminal.out(document({ action: 'none', number: null, url: null, body: null }))
    return 0
  }
  const author = options.author ?? (await loginOf(github))
  const { number, head } = pullRequest
  const code = codeOf(review.code, await pathsOf(pullRequest, repository, github))
  let body = ''
  const find = (bodies: readonly string[]) => findMarked(bodies, review.lab)
  const target = { repository, number, author, find }
  const posted = await postComment(
    github,
    target,
    (before) => (body = commentBody({ ...review, code, head, artifact }, before)),
  )
  terminal.note(`${noteOn(posted, author)}\n`)
  if (options.json) terminal.out(document({ action: posted.action, number, url: posted.url, body }))
  await giveTo(environment, { ...review, code }, posted.url)
  return 0
}

/** For later steps of a job. None of it is anybody's words but the address, which is GitHub's. */
async function giveTo(
  environment: NodeJS.ProcessEnv,
  review: Awaited<ReturnType<typeof readReview>>,
  url: string | null,
): Promise<void> {
  const file = environment['GITHUB_OUTPUT']
  if (file === undefined || file === '') return
  const { giveOutputs } = await import('./lib/review/github.ts')
  const verdict = verdictOf(review)
  const hosts = new Set(review.changes?.diffs.flatMap((diff) => diff.hosts)).size
  giveOutputs({
    verdict,
    stop: String(verdict.startsWith('❌')),
    hosts: review.changes === null ? '' : String(hosts),
    url: url ?? '',
  })
}

/** A stranger's review may be silent about code that made it so: what GitHub lists counts as well. */
function codeOf(told: readonly string[], { paths, whole }: Awaited<ReturnType<typeof pathsOf>>): readonly string[] {
  const known = new Set([...told, ...paths.filter((path) => isCode(path) || isTrust(path))])
  return [...(whole ? [] : ['anything beyond the 3000 files that GitHub lists']), ...[...known].toSorted()]
}

interface Document {
  readonly action: Posted['action'] | 'printed' | 'none'
  readonly number: number | null
  readonly url: string | null
  readonly body: string | null
}

function document(content: Document): string {
  return `${JSON.stringify({ format: 1, ...content })}\n`
}

function noteOn({ action, url, author }: Posted, expected: string): string {
  const stranger =
    action === 'created' && author !== null && author !== expected
      ? `; it is by ${author}, not by ${expected}: say --author ${author}, or every run writes a new one`
      : ''
  return `the comment ${action === 'unchanged' ? 'is as it was' : `was ${action}`}${url === null ? '' : `: ${url}`}${stranger}`
}

async function findPullRequest(
  named: string | undefined,
  event: Event,
  repository: string,
  github: GitHub,
): Promise<PullRequest | null> {
  if (named !== undefined) {
    if (!/^[1-9]\d{0,8}$/.test(named)) throw wrong(`--pull-request ${JSON.stringify(named)} is no number`)
    return await pullRequestAt(Number(named), repository, github)
  }
  if (event.pullRequest !== null) return event.pullRequest
  if (event.after !== null) return await pullRequestAfter(event.after, repository, github)
  throw wrong('it is not known which pull request this is about')
}

async function readEvent(path: string | undefined): Promise<Event> {
  if (path === undefined || path === '') return eventOf(null)
  try {
    return eventOf(JSON.parse(await readFile(path, 'utf8')))
  } catch (error) {
    const failure = {
      what: `the event of the workflow cannot be read: ${error instanceof Error ? error.message : ''}`,
      where: path,
      now: 'nothing was sent',
      next: 'run it in a workflow, or say --repository and --pull-request with no GITHUB_EVENT_PATH',
    }
    throw new FailureError(failure, 4, { cause: error })
  }
}

function repositoryOf(name: string | null): string {
  if (name !== null && isRepository(name)) return name
  throw wrong(
    name === null ? 'it is not known which repository this is about' : `${JSON.stringify(name)} is no repository`,
  )
}

function artifactOf(url: string | null): string | null {
  if (url === null || isLinkable(url)) return url
  throw wrong(`--artifact ${JSON.stringify(url)} is no https address that can be linked`)
}

function wrong(what: string): FailureError {
  const next = 'say --repository OWNER/NAME --pull-request NUMBER, or run it in a workflow for pull requests'
  return new FailureError({ what, where: 'comment', now: 'nothing was sent', next }, 2)
}
