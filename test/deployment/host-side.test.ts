import { execFileSync } from 'node:child_process'
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FailureError } from '../../scripts/lib/failure.ts'
import { callHost, callText } from '../../scripts/lib/deployment/host-side.ts'
import type { Remote } from '../../scripts/lib/deployment/remote.ts'

/** A main that prints the fields of every line, as sh sees them. */
const echo = `main() { set -f; while IFS= read -r line; do IFS='\t'; set -- $line; unset IFS; printf '[%s]' "$@"; echo; done <<CALL
$1
CALL
}\n`

test('whatever a field holds arrives as it is, and nothing of it is run', () => {
  const field = fc.string({ minLength: 1, unit: 'grapheme' }).filter((value) => !/[\u0000-\u001f\u007f]/.test(value))
  fc.assert(
    fc.property(fc.array(field, { minLength: 1, maxLength: 4 }), (fields) => {
      const script =
        echo +
        callText(
          'probe',
          [],
          [
            ['run', ...fields],
            ['run', '$(touch /tmp/x)', '`id`', '*', "'", '"', '\\', 'CALL', "it's '' 'q'"],
          ],
        )
      const printed = execFileSync('sh', ['-s'], { input: script, env: { PATH: '/usr/bin:/bin' } }).toString()
      const hostile = `[run][$(touch /tmp/x)][\`id\`][*][']["][\\][CALL][it's '' 'q']`
      assert.is(printed, `[probe]\n${['run', ...fields].map((value) => `[${value}]`).join('')}\n${hostile}\n[end]\n`)
    }),
    { numRuns: 40 },
  )
})

for (const value of ['', 'a\nb', 'a\u001fb', 'a\u0000b', '\u007f', 'a\tb', 'a\rb']) {
  test(`the field ${JSON.stringify(value)} is refused, not escaped`, () => {
    assert.throws(() => callText('probe', [], [['run', value]]), /cannot be sent/)
  })
}

for (const word of ['', 'A', 'a b', '$(id)', '../x', 'a;b', "a'", 'ä']) {
  test(`the word ${JSON.stringify(word)} is refused`, () => {
    assert.throws(() => callText('revert', [word], []), /no word/)
    assert.throws(() => callText(word, [], []), /no word/)
  })
}

const answering = (stdout: string, exit: number | null = 0): Remote => ({
  entry: { address: 'x', port: 22, user: 'root' },
  exec: () => Promise.resolve({ exit, stdout, stderr: 'sh: 3: syntax\nerror' }),
  put: () => Promise.resolve(),
  close: () => {},
})

test('an answer that breaks off is never taken for a whole one', async () => {
  for (const stdout of ['', 'staged\n', 'staged\nen', 'end\nmore\n']) {
    try {
      await callHost('pve1', answering(stdout, null), 'stage', [], [], 1000)
      assert.unreachable()
    } catch (error) {
      assert.instance(error, FailureError)
      assert.match((error as FailureError).message, 'broke off')
    }
  }
})

test('a refusal is read with its code and its words', async () => {
  const words = Buffer.from('the fence here is 7').toString('base64')
  const answer = await callHost('pve1', answering(`refused\tfenced\t${words}\nend\n`, 3), 'stage', [], [], 1000)
  assert.equal(answer, { records: [], refused: { code: 'fenced', text: 'the fence here is 7' } })
})

test.run()
