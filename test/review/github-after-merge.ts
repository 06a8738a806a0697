/** What the stand-in remembers of issues, statuses and deployments. */

export interface AfterMerge {
  readonly issues: StoredIssue[]
  readonly comments: { readonly id: number; readonly issue: number; body: string; readonly user: { login: string } }[]
  readonly statuses: { readonly sha: string; readonly state: string; readonly context: string; description: string }[]
  readonly deployments: { readonly id: number; readonly ref: string; readonly environment: string; states: string[] }[]
  /** Pull requests, as they are listed for a commit. */
  readonly merged: {
    readonly number: number
    readonly merged_at: string | null
    readonly merge_commit_sha: string | null
    /** Of which commits it is listed. */
    readonly commits: readonly string[]
  }[]
}

export interface StoredIssue {
  readonly number: number
  title: string
  body: string
  state: 'open' | 'closed'
  readonly user: { readonly login: string }
  readonly pull_request?: object
}

interface Answer {
  readonly status: number
  readonly json: unknown
  readonly isList: boolean
}

/** Comments of these have ids from here on. */
const firstComment = 1000

/** Null: it is about something else. Issues have numbers from 10 on; comments on any but number 5 are kept here. */
export function answerAfterMerge(what: string, body: object, login: string, kept: AfterMerge): Answer | null {
  const said = (status: number, json: unknown): Answer => ({ status, json, isList: Array.isArray(json) })
  const sent = body as Readonly<Record<string, string>>
  if ((sent['description'] ?? '').length > 140) return said(422, { message: 'description is too long' })
  const [, method, path = ''] = /^([A-Z]+) \/repos\/o\/r(\/.*)$/.exec(what) ?? []
  const [, first, id = '', last] = /^\/(\w+)(?:\/(\w+))?(?:\/(\w+))?$/.exec(path) ?? []
  const about = `${method} ${first} ${last ?? (id === '' ? '' : 'one')}`.trim()
  switch (about) {
    case 'GET issues':
      return said(
        200,
        kept.issues.filter(({ state }) => state === 'open'),
      )
    case 'POST issues': {
      const made = { title: '', ...sent, body: sent['body'] ?? '', state: 'open' as const, user: { login } }
      kept.issues.push({ ...made, number: 10 + kept.issues.length })
      return said(201, kept.issues.at(-1))
    }
    case 'PATCH issues one': {
      const issue = kept.issues.find(({ number }) => String(number) === id)
      return issue === undefined ? said(404, { message: 'Not Found' }) : said(200, Object.assign(issue, sent))
    }
    case 'GET commits pulls':
      return said(
        200,
        kept.merged.filter(({ commits }) => commits.includes(id)),
      )
    case 'GET issues comments':
      return id === '5'
        ? null
        : said(
            200,
            kept.comments.filter(({ issue }) => String(issue) === id),
          )
    case 'POST issues comments': {
      if (id === '5') return null
      const made = {
        id: firstComment + kept.comments.length,
        issue: Number(id),
        body: sent['body'] ?? '',
        user: { login },
      }
      kept.comments.push(made)
      return said(201, made)
    }
    case 'POST statuses one':
      kept.statuses.push({ sha: id, state: '', context: '', description: '', ...sent })
      return said(201, {})
    case 'POST deployments': {
      const made = { id: 500 + kept.deployments.length, ref: '', environment: '', ...sent, states: [] }
      kept.deployments.push(made)
      return said(201, made)
    }
    case 'POST deployments statuses':
      kept.deployments.find((each) => String(each.id) === id)?.states.push(sent['state'] ?? '')
      return said(201, {})
    default:
      return changedComment(method, path, sent, kept, said)
  }
}

function changedComment(
  method: string | undefined,
  path: string,
  sent: Readonly<Record<string, string>>,
  { comments }: AfterMerge,
  said: (status: number, json: unknown) => Answer,
): Answer | null {
  const comment = comments.find(({ id }) => path === `/issues/comments/${id}`)
  return method === 'PATCH' && comment !== undefined ? said(200, Object.assign(comment, sent)) : null
}
