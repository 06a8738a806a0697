/** GitHub's REST API for comments, as far as quorate speaks it, with a memory; on loopback, in this process. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { verdictOn } from './github-contract.ts'
import { answerAfterMerge, type AfterMerge } from './github-after-merge.ts'

export interface StandIn {
  readonly url: string
  readonly comments: StoredComment[]
  readonly pulls: StoredPull[]
  readonly afterMerge: AfterMerge
  /** What pull request 5 touches. */
  readonly files: { readonly filename: string; readonly previous_filename?: string }[]
  /** "GET /user", in order. */
  readonly asked: string[]
  /** Answers the next requests that this fits: status, JSON, headers. */
  fault: {
    readonly fits: RegExp
    readonly status: number
    readonly json: unknown
    readonly headers?: Record<string, string>
  } | null
  /** Null: a token of a workflow, which may not ask who it is. */
  login: string | null
  /** Throws where something was asked that GitHub's own description has not, or takes in no such form. */
  close(): Promise<void>
}

export interface StoredComment {
  readonly id: number
  body: string
  readonly user: { readonly login: string } | null
}

export interface StoredPull {
  readonly number: number
  readonly head: { readonly sha: string; readonly repo: { readonly full_name: string } | null; readonly ref: string }
}

export async function standIn(token: string): Promise<StandIn> {
  const server = createServer((request, response) => {
    void answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const breaches: string[] = []
  const state: StandIn = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v3`,
    comments: [],
    pulls: [],
    afterMerge: { issues: [], comments: [], statuses: [], deployments: [], merged: [] },
    files: [],
    asked: [],
    fault: null,
    login: null,
    close: async () => {
      await new Promise<void>((resolve) => server.close(() => resolve()))
      const found = breaches.splice(0)
      if (found.length > 0) throw new Error(found.join('\n'))
    },
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    const say = (status: number, json: unknown, headers: Record<string, string> = {}) => {
      response.writeHead(status, { 'content-type': 'application/json', connection: 'close', ...headers })
      response.end(typeof json === 'string' ? json : JSON.stringify(json))
    }
    const url = new URL(request.url ?? '', state.url)
    const what = `${request.method} ${url.pathname.replace('/api/v3', '')}`
    state.asked.push(what)
    if (request.headers.authorization !== `Bearer ${token}`) return say(401, { message: 'Bad credentials' })
    const sent = text === '' ? undefined : (JSON.parse(text) as { body?: string })
    const verdict = verdictOn(request.method ?? '', url.pathname.replace('/api/v3', ''), url.searchParams, sent)
    breaches.push(...verdict.breaches)
    if (verdict.status !== null) return say(verdict.status, { message: verdict.breaches.join('; ') })
    if (state.fault?.fits.test(what) === true) return say(state.fault.status, state.fault.json, state.fault.headers)
    say(...known(what, url, sent ?? {}))
  }

  function known(what: string, url: URL, sent: { body?: string }): [number, unknown, Record<string, string>?] {
    const login = state.login ?? 'github-actions[bot]'
    const after = answerAfterMerge(what, sent, login, state.afterMerge)
    if (after !== null) return after.isList ? page(after.json as readonly unknown[], url) : [after.status, after.json]
    if (what === 'GET /user')
      return state.login === null ? [403, { message: 'Resource not accessible by integration' }] : [200, { login }]
    if (what === 'GET /repos/o/r/issues/5/comments') return page(state.comments.map(shown), url)
    if (/^GET \/repos\/o\/r\/pulls\/\d+\/files$/.test(what)) return page(state.files, url)
    if (what === 'GET /repos/o/r/pulls') return page(state.pulls.filter(atBranch(url)), url)
    const pull = state.pulls.find(({ number }) => what === `GET /repos/o/r/pulls/${number}`)
    if (pull !== undefined) return [200, pull]
    if ((sent.body ?? '').length > 65_536)
      return [
        422,
        { message: 'Validation Failed', errors: [{ message: 'body is too long (maximum is 65536 characters)' }] },
      ]
    if (what === 'POST /repos/o/r/issues/5/comments') {
      const made = { id: state.comments.length + 1, body: sent.body ?? '', user: { login } }
      state.comments.push(made)
      return [201, shown(made)]
    }
    const changed = state.comments.find(({ id }) => what === `PATCH /repos/o/r/issues/comments/${id}`)
    if (changed === undefined) return [404, { message: 'Not Found' }]
    changed.body = sent.body ?? ''
    return [200, shown(changed)]
  }
  return state
}

/** GitHub takes the owner of the branch and its name together. */
function atBranch(url: URL): (pull: StoredPull) => boolean {
  const head = url.searchParams.get('head')
  return ({ head: { repo, ref } }) => `${repo?.full_name.split('/')[0]}:${ref}` === head
}

function shown(comment: StoredComment): object {
  return { ...comment, html_url: `https://github.example/o/r/pull/5#issuecomment-${comment.id}` }
}

function page(all: readonly unknown[], url: URL): [number, unknown, Record<string, string>] {
  const size = Number(url.searchParams.get('per_page') ?? '30')
  const number = Number(url.searchParams.get('page') ?? '1')
  const next = new URL(url)
  next.searchParams.set('page', String(number + 1))
  const last = new URL(url)
  last.searchParams.set('page', '99')
  const link = number * size < all.length ? { link: `<${next.href}>; rel="next", <${last.href}>; rel="last"` } : {}
  return [200, all.slice((number - 1) * size, number * size), link]
}
