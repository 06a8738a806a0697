/** GitHub's REST API, as far as comments, issues, statuses and deployments need it. The token goes into one header of requests to one origin, and nowhere else. */
import { harmless } from '../definition/shown.ts'
import { FailureError } from '../failure.ts'
import { clipped } from './markdown.ts'

export interface GitHub {
  /** The answer's JSON; undefined where the answer is one of these statuses. Other errors are FailureErrors (exit 4), also of the others. */
  get(path: string, except?: number): Promise<unknown>
  /** All items of a listing, page by page. */
  list(path: string): Promise<readonly unknown[]>
  send(method: 'POST' | 'PATCH', path: string, body: object): Promise<unknown>
}

const timeoutMs = 30_000
/** With 100 on a page. */
const mostPages = 100

interface Answer {
  readonly status: number
  readonly json: unknown
  /** The next page's address. */
  readonly next: string | null
  readonly isLimited: boolean
}

/** `url`: "https://api.github.com"; plain HTTP only on this machine. Throws a FailureError (exit 2) for a URL or a token that cannot be one. */
export function openGitHub(url: string, token: string): GitHub {
  const origin = originOf(url)
  if (!/^[\x21-\x7e]+$/.test(token))
    throw unusable('GITHUB_TOKEN holds no token', 'give the token of a workflow or of a person in GITHUB_TOKEN')
  const top = url.replace(/\/+$/, '')
  const ask = async (method: string, address: string, body?: object): Promise<Answer> => {
    const where = harmless(address.slice(top.length).replace(/\?.*$/, ''))
    const secretless = (text: string) => clipped(harmless(text.replaceAll(token, '***')), 300)
    const answer = await answerOf(method, address, token, body).catch((error: unknown) => {
      const words = error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : ''
      // The error itself may hold the request: it is no cause for --debug to print.
      throw failed(`GitHub does not answer ${method} ${where}: ${secretless(words)}`, origin, 'run it again')
    })
    if (answer.status >= 200 && answer.status < 300) return answer
    const what = `GitHub answers ${answer.status} to ${method} ${where}: ${secretless(messageIn(answer.json))}`
    throw new StatusError(answer.status, failed(what, origin, remedy(answer)))
  }
  const orFailure = (error: unknown): never => {
    throw error instanceof StatusError ? error.failed : error
  }
  return {
    get: async (path, except) =>
      await ask('GET', `${top}${path}`).then(
        ({ json }) => json,
        (error: unknown) => (error instanceof StatusError && error.status === except ? undefined : orFailure(error)),
      ),
    list: async (path) => {
      const items: unknown[] = []
      let next: string | null = `${top}${path}`
      for (let page = 0; next !== null; page += 1) {
        if (page === mostPages) throw failed(`GitHub lists more than ${mostPages} pages`, origin, 'delete old comments')
        // The token is for this origin only, wherever an answer points.
        if (originOf(next) !== origin)
          throw failed('GitHub names a next page that is not its own', origin, 'run it again')
        const answer: Answer = await ask('GET', next).catch(orFailure)
        if (!Array.isArray(answer.json)) throw failed('GitHub answers a listing with no list', origin, 'run it again')
        items.push(...(answer.json as unknown[]))
        next = answer.next
      }
      return items
    },
    send: async (method, path, body) => (await ask(method, `${top}${path}`, body).catch(orFailure)).json,
  }
}

class StatusError extends Error {
  readonly status: number
  readonly failed: FailureError

  constructor(status: number, error: FailureError) {
    super(error.message)
    this.status = status
    this.failed = error
  }
}

async function answerOf(method: string, address: string, token: string, body?: object): Promise<Answer> {
  const response = await fetch(address, {
    method,
    headers: {
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'user-agent': 'quorate',
      'x-github-api-version': '2022-11-28',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
  })
  const text = await response.text()
  return {
    status: response.status,
    json: parsed(text),
    next: /<([^>]+)>;\s*rel="next"/.exec(response.headers.get('link') ?? '')?.[1] ?? null,
    isLimited: response.status === 429 || response.headers.get('x-ratelimit-remaining') === '0',
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function messageIn(json: unknown): string {
  if (typeof json === 'object' && json !== null && 'message' in json) return String(json.message)
  return typeof json === 'string' && json !== '' ? json : 'without a reason'
}

function remedy({ status, isLimited }: Answer): string {
  if (isLimited) return 'the limit of requests is reached: run it again in an hour'
  if (status === 401) return 'GITHUB_TOKEN is not valid any more: take another one'
  if (status === 403)
    return 'the token may not do that: the job needs the permission for it, such as "pull-requests: write"'
  if (status === 404) return 'name a repository and a pull request that are there, and that the token may see'
  if (status >= 300 && status < 400) return 'the repository has another name now: say --repository OWNER/NAME'
  return status >= 500 ? 'run it again' : 'report it as a bug, with this text'
}

function originOf(url: string): string {
  const { protocol, hostname, origin } = URL.canParse(url) ? new URL(url) : { protocol: '', hostname: '', origin: '' }
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
  if (protocol === 'https:' || (protocol === 'http:' && isHere)) return origin
  throw unusable(
    `GITHUB_API_URL is no address of an API: ${JSON.stringify(harmless(url))}`,
    'leave it away, or take the https address of your GitHub',
  )
}

function unusable(what: string, next: string): FailureError {
  return new FailureError({ what, where: 'environment', now: 'nothing was sent', next }, 2)
}

function failed(what: string, where: string, next: string): FailureError {
  return new FailureError(
    { what, where, now: 'what is there is as it was, unless this was about changing it', next },
    4,
  )
}
