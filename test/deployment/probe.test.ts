import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FailureError } from '../../scripts/lib/failure.ts'
import type { Fields } from '../../scripts/lib/deployment/host-side.ts'
import { answersOf, fault, runOn } from '../../scripts/lib/deployment/probe.ts'
import type { Session } from '../../scripts/lib/deployment/session.ts'

for (const [title, records] of [
  ['no exit code', [['ran', '0', '', '0', '0']]],
  ['no number', [['ran', '0', 'ok', '0', '0']]],
  ['no length', [['ran', '0', '0', '', '0']]],
  ['no words where some should be', [['ran', '0', '0', '3', '0']]],
  [
    'more words than it says',
    [
      ['ran', '0', '0', '3', '0'],
      ['said', 'd29yZA=='],
    ],
  ],
  ['nothing but its name', [['ran']]],
  ['too few answers', []],
  [
    'too many answers',
    [
      ['ran', '0', '0', '0', '0'],
      ['ran', '1', '0', '0', '0'],
    ],
  ],
] as const) {
  test(`an answer with ${title} is a failure to be told, and no success`, () => {
    try {
      answersOf('n1', records, 1)
      assert.unreachable()
    } catch (error) {
      assert.instance(error, FailureError)
      assert.match((error as FailureError).message, 'the answer of n1 cannot be understood')
    }
  })
}

test('what a command said is cut between two words, so that no half of a secret is shown', () => {
  const probe = { title: 'reads', run: ['x'], exit: [0], withinSeconds: 0 }
  const said = (stderr: string) => fault(probe, { exit: 1, stdout: '', stderr }) ?? ''
  assert.not.match(said(`${'word '.repeat(39)}s3cret-s3cret`), 's3cr')
  assert.match(said(`${'word '.repeat(39)}s3cret-s3cret`), 'word …')
  assert.not.match(said('s3cret'.repeat(40)), 's3cret')
})

/** Answers every command with its own words, and keeps what it was asked. */
function echo(): { readonly session: Session; readonly calls: (readonly [string, number])[] } {
  const calls: (readonly [string, number])[] = []
  const ask = (host: string, _verb: string, _args: Fields, input: readonly Fields[]) => {
    calls.push([host, input.length])
    const words = input.map((line) => line.slice(1).join(' '))
    const records = words.map((said, index) => ['ran', String(index), '0', String(said.length), '0'])
    const all = Buffer.from(words.join('')).toString('base64')
    return Promise.resolve({ records: [...records, ['said', all]], refused: null })
  }
  return { session: { ask } as unknown as Session, calls }
}

test('what is asked of a host in the same moment goes in one call, each command once, and everybody gets his own answers', async () => {
  const { session, calls } = echo()
  const said = async (host: string, ...runs: readonly string[]) =>
    (
      await runOn(
        host,
        session,
        runs.map((run) => run.split(' ')),
      )
    ).map(({ stdout }) => stdout)
  const all = await Promise.all([said('n1', 'a 1', 'b 2'), said('n2', 'b 2'), said('n1', 'b 2', 'c 3', 'a 1')])
  assert.equal(all, [['a 1', 'b 2'], ['b 2'], ['b 2', 'c 3', 'a 1']])
  assert.equal(
    calls.toSorted(([a], [b]) => (a < b ? -1 : 1)),
    [
      ['n1', 3],
      ['n2', 1],
    ],
  )
  assert.equal(await said('n1', 'a 1'), ['a 1'])
  assert.is(calls.length, 3, 'a later question is asked again: an answer is not kept')
})

test.run()
