import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { verdictOn } from './github-contract.ts'

const none = new URLSearchParams()
const listing = '/repos/o/r/issues/5/comments'

test('what GitHub describes is sound', () => {
  const sound: readonly (readonly [string, string, string, unknown])[] = [
    ['GET', '/user', '', undefined],
    ['GET', listing, 'per_page=100&page=2', undefined],
    ['POST', listing, '', { body: 'x' }],
    ['PATCH', '/repos/o/r/issues/5', '', { state: 'closed', state_reason: null }],
    ['PATCH', '/repos/o/r/git/refs/heads/a/b', '', { sha: 'f'.repeat(40), force: true }],
    ['POST', '/repos/o/r/deployments', '', { ref: 'main', auto_merge: false, required_contexts: [], payload: {} }],
  ]
  for (const [method, path, query, body] of sound) {
    assert.equal(verdictOn(method, path, new URLSearchParams(query), body), { status: null, breaches: [] })
  }
})

const broken: readonly (readonly [what: string, method: string, path: string, query: string, body: unknown])[] = [
  ['no text', 'POST', listing, '', {}],
  ['a number for a text', 'POST', listing, '', { body: 5 }],
  ['nothing', 'POST', listing, '', undefined],
  ['a name that GitHub does not know', 'POST', listing, '', { body: 'x', bodi: 'y' }],
  ['a parameter that it does not know', 'GET', listing, 'perpage=100', undefined],
  ['a page that is no number', 'GET', listing, 'page=next', undefined],
  ['a state that there is not', 'GET', '/repos/o/r/pulls', 'state=merged', undefined],
  ['another state that there is not', 'POST', '/repos/o/r/statuses/main', '', { state: 'ok' }],
  ['a body where none belongs', 'GET', '/user', '', {}],
]
for (const [what, method, path, query, body] of broken) {
  test(`a request that GitHub would refuse, or do nothing with, is refused: ${what}`, () => {
    const { status, breaches } = verdictOn(method, path, new URLSearchParams(query), body)
    assert.equal([status, breaches.length > 0], [422, true])
  })
}

test('a path or a method that GitHub does not have is not found', () => {
  for (const [method, path] of [
    ['GET', '/repos/o/r/issue/5/comments'],
    ['PUT', listing],
    ['GET', '/user/x'],
  ] as const) {
    assert.is(verdictOn(method, path, none, undefined).status, 404)
  }
})

test.run()
