/** What a person reads when a file is refused, whole: secrets/refusals.txt; QUORATE_UPDATE_GOLDENS=1 writes it anew. */
import { readFile, writeFile } from 'node:fs/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FailureError } from '../../scripts/lib/failure.ts'
import { openedValues } from '../../scripts/lib/secrets/open-file.ts'
import * as refusals from '../../scripts/lib/secrets/refusals.ts'
import { sopsFile } from '../../scripts/lib/secrets/sops-file.ts'
import { explain } from '../../scripts/quorate.ts'
import { sealed, sopsText } from './sops-writer.ts'

const key = Buffer.alloc(32, 7)
const text = sopsText(
  [
    ['first', 'hunter2secret'],
    ['tinc', [['pve1', 'another-secret']]],
  ],
  { key },
)
const [first = '', second = ''] = text.match(/ENC\[.*?\]/g) ?? []
/** Another character of base64 in place of the first one. */
const flipped = first.replace(/data:(.)/, (_, was: string) => `data:${was === 'A' ? 'B' : 'A'}`)
const tag = /tag:(.)/.exec(first)![1] === 'A' ? 'B' : 'A'

const tampered: Readonly<Record<string, string>> = {
  'a value moved to another key': text.replace(second, first),
  'a bit of a ciphertext flipped': text.replace(first, flipped),
  'a bit of a tag flipped': text.replace(first, first.replace(/tag:./, `tag:${tag}`)),
  'a value cut short': text.replace(first, first.slice(0, -9)),
  'a value in clear': text.replace(first, 'hunter2secret'),
  'an old value put back': text.replace(first, sealed('hunter1secret', key, 'first:')),
  'a secret taken away': text.replace(/^first: .*\n/, ''),
  'secrets in another order': text.replace(/^(first: .*\n)(tinc:\n.*\n)/, '$2$1'),
  'another lastmodified': text.replace('2026-01-02', '2026-01-03'),
  'the lastmodified cut': text.replace(/ *lastmodified: .*\n/, ''),
  'the MAC cut': text.replace(/ *mac: .*\n/, ''),
  'the MAC cut short': text.replace(/(mac: .{40}).*/, '$1]'),
  'a MAC of its own': text.replace(
    /mac: .*/,
    `mac: ${sealed('0'.repeat(128), Buffer.alloc(32), '2026-01-02T03:04:05Z')}`,
  ),
  'no metadata': text.replace(/^sops:[^]*/m, ''),
  'no YAML': `${text}\n\t- [`,
}
const recipients = ['age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kdmyn4hjqnzv3cs', `age1pq1${'q'.repeat(1900)}`]
const before: Readonly<Record<string, FailureError>> = {
  'no identity': refusals.noIdentity('lab/secrets.yaml', ['SOPS_AGE_KEY', '~/keys.txt'], recipients),
  "somebody else's identity": refusals.identityIsNoRecipient('lab/secrets.yaml', recipients.slice(0, 1), recipients),
  'a malformed identity': refusals.identityIsMalformed('SOPS_AGE_KEY'),
  'a damaged data key': refusals.dataKeyIsDamaged('lab/secrets.yaml', recipients[0]!),
  'a command that fails': refusals.commandFailed('it ended with 1'),
  'bytes that are no text': refusals.valueIsNoText('lab/secrets.yaml:3', 'a.b'),
}

function refusalOf(changed: string): FailureError {
  assert.is.not(changed, text)
  try {
    openedValues(sopsFile(changed, 'lab/secrets.yaml'), key)
  } catch (error) {
    if (error instanceof FailureError) return error
    throw error
  }
  return assert.unreachable(`it was read:\n${changed}`) as never
}

test('the file itself is read', () => {
  assert.equal(
    [...openedValues(sopsFile(text, 'lab/secrets.yaml'), key)],
    [
      ['first', 'hunter2secret'],
      ['tinc.pve1', 'another-secret'],
    ],
  )
})

test('a file that was tampered with is refused: what was done, in which line, and what to do', async () => {
  const seen = Object.entries(tampered).map(([name, changed]) => [name, refusalOf(changed)] as const)
  const others = ['a value in clear', 'no metadata', 'no YAML']
  for (const [name, refusal] of seen) {
    assert.is(refusal instanceof refusals.TamperedError, !others.includes(name), name)
  }
  const all = [...seen, ...Object.entries(before)]
  const parts = all.map(([name, refusal]) => {
    assert.is(refusal.exit, 4)
    return `# ${name}\n${explain(refusal, true).text.replace(/^FailureError[^]*/m, '')}`
  })
  const report = parts.join('\n')
  assert.not.match(report, /hunter|another-secret|AGE-SECRET-KEY-1[A-Z0-9]/)
  const golden = new URL('refusals.txt', import.meta.url)
  if (process.env['QUORATE_UPDATE_GOLDENS'] === '1') await writeFile(golden, report)
  assert.fixture(report, await readFile(golden, 'utf8'))
})

test.run()
