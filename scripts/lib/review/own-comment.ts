/** The one comment of a lab on a pull request or an issue: found by its marker and its author, written once, and updated in place. */
import type { GitHub } from './github-api.ts'
import { at } from './pull-request.ts'

/** What became of it, and where it is. */
export interface Posted {
  readonly action: 'created' | 'updated' | 'unchanged'
  readonly url: string | null
  /** Who GitHub says wrote it, where it was created: by another name it is not found again. */
  readonly author: string | null
}

interface Comment {
  readonly id: number
  readonly body: string
  readonly author: string
  readonly url: string | null
}

/** Whose token it is. That of a workflow may not ask; its comments are github-actions[bot]'s. */
export async function loginOf(github: GitHub): Promise<string> {
  const login = at(await github.get('/user', 403), 'login')
  return typeof login === 'string' ? login : 'github-actions[bot]'
}

/**
 * `find`: which of one's own comments it is, by its index; −1: none. `bodyFor` makes the body from the one that it takes the place of; where they are the same, or
 * there is to be none (null), nothing is sent. Somebody else's comment is left alone, whatever it begins with.
 */
export async function postComment(
  github: GitHub,
  target: {
    readonly repository: string
    readonly number: number
    readonly author: string
    readonly find: (bodies: readonly string[]) => number
  },
  bodyFor: (before: string | null) => string | null,
): Promise<Posted> {
  const { repository, number, author, find } = target
  const listing = `/repos/${repository}/issues/${number}/comments`
  const all = (await github.list(`${listing}?per_page=100`)).flatMap((each) => commentIn(each) ?? [])
  const own = all.filter((comment) => comment.author === author)
  const known = own[find(own.map(({ body }) => body))]
  const body = bodyFor(known?.body ?? null)
  if (body === null) return { action: 'unchanged', url: known?.url ?? null, author }
  if (known === undefined) {
    const made = commentIn(await github.send('POST', listing, { body }))
    return { action: 'created', url: made?.url ?? null, author: made?.author ?? null }
  }
  if (body.trimEnd() === known.body.trimEnd()) return { action: 'unchanged', url: known.url, author }
  await github.send('PATCH', `/repos/${repository}/issues/comments/${known.id}`, { body })
  return { action: 'updated', url: known.url, author }
}

function commentIn(item: unknown): Comment | null {
  const [id, body, author, url] = [at(item, 'id'), at(item, 'body'), at(item, 'user', 'login'), at(item, 'html_url')]
  if (!Number.isSafeInteger(id) || typeof body !== 'string' || typeof author !== 'string') return null
  // GitHub may give the ends of lines back as a browser sends them.
  const text = body.replaceAll('\r\n', '\n')
  return { id: id as number, body: text, author, url: typeof url === 'string' ? url : null }
}
