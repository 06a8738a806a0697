import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { commandWords } from '../../scripts/lib/secrets/command-words.ts'

const cases: readonly (readonly [command: string, words: readonly string[] | null])[] = [
  ['', []],
  ['  \n', []],
  ['pass show age', ['pass', 'show', 'age']],
  [`op read "op://lab/age key/identity"`, ['op', 'read', 'op://lab/age key/identity']],
  [`a'b c'"d e"f`, ['ab cd ef']],
  [`cat my\\ key`, ['cat', 'my key']],
  [`x "a\\"b" 'c\\d' ''`, ['x', 'a"b', 'c\\d', '']],
  ['x y#z # what follows is a comment', ['x', 'y#z']],
  ['x; rm -rf $HOME `id` | y', ['x;', 'rm', '-rf', '$HOME', '`id`', '|', 'y']],
  [`x "open`, null],
  [`x 'open`, null],
  ['x \\', null],
]
for (const [command, words] of cases) {
  test(`a command is taken apart as SOPS does it: ${JSON.stringify(command)}`, () =>
    assert.equal(commandWords(command), words))
}

test.run()
