import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FailureError } from '../../scripts/lib/failure.ts'
import { answersOf, fault } from '../../scripts/lib/deployment/probe.ts'

for (const [title, records] of [
  ['no exit code', [['ran', '0', '', '', '']]],
  ['no number', [['ran', '0', 'ok', '', '']]],
  ['nothing but its name', [['ran']]],
  ['too few answers', []],
  [
    'too many answers',
    [
      ['ran', '0', '0', '', ''],
      ['ran', '1', '0', '', ''],
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

test.run()
