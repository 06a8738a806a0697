/** The one open issue of a lab about something: found by its marker and its author, written once, updated in place, closed when it is over. */
import { findMarked, type About } from './comment-marker.ts'
import type { GitHub } from './github-api.ts'
import { at } from './pull-request.ts'

/** Where it is looked for, and by what it is known. */
export interface IssueTarget {
  /** "owner/name". */
  readonly repository: string
  readonly author: string
  readonly lab: string | null
  readonly about: About
}

export interface Issue {
  readonly number: number
  readonly title: string
  readonly body: string
  readonly url: string | null
}

/** Null where none is open. Somebody else's is not ours, whatever it begins with. */
export async function openIssue(github: GitHub, target: IssueTarget): Promise<Issue | null> {
  const { repository, author, lab, about } = target
  const all = await github.list(`/repos/${repository}/issues?state=open&sort=created&direction=asc&per_page=100`)
  const own = all.filter((each) => at(each, 'user', 'login') === author && at(each, 'pull_request') === undefined)
  const issues = own.flatMap((each) => issueIn(each) ?? [])
  return (
    issues[
      findMarked(
        issues.map(({ body }) => body),
        lab,
        about,
      )
    ] ?? null
  )
}

/** Opens it, or brings it up to date; `before` is what openIssue found. */
export async function keepIssue(
  github: GitHub,
  repository: string,
  before: Issue | null,
  wanted: Pick<Issue, 'title' | 'body'>,
): Promise<Issue & { readonly action: 'opened' | 'updated' | 'unchanged' }> {
  if (before === null) {
    const made = issueIn(await github.send('POST', `/repos/${repository}/issues`, { ...wanted }))
    return { number: 0, url: null, ...made, ...wanted, action: 'opened' }
  }
  const isSame = before.title === wanted.title && before.body.trimEnd() === wanted.body.trimEnd()
  if (isSame) return { ...before, action: 'unchanged' }
  await github.send('PATCH', `/repos/${repository}/issues/${before.number}`, { ...wanted })
  return { ...before, ...wanted, action: 'updated' }
}

/** Says why, then closes it. */
export async function closeIssue(github: GitHub, repository: string, issue: Issue, why: string): Promise<void> {
  const address = `/repos/${repository}/issues/${issue.number}`
  await github.send('POST', `${address}/comments`, { body: why })
  await github.send('PATCH', address, { state: 'closed', state_reason: 'completed' })
}

function issueIn(item: unknown): Issue | null {
  const [number, title, url] = [at(item, 'number'), at(item, 'title'), at(item, 'html_url')]
  const body = at(item, 'body') ?? ''
  if (!Number.isSafeInteger(number) || typeof title !== 'string' || typeof body !== 'string') return null
  // GitHub may give the ends of lines back as a browser sends them.
  const text = body.replaceAll('\r\n', '\n')
  return { number: number as number, title, body: text, url: typeof url === 'string' ? url : null }
}
