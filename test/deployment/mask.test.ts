import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { masked, matcherOf } from '../../scripts/lib/deployment/mask.ts'
import { formsOf } from '../../scripts/lib/deployment/secret-forms.ts'

test('a value is taken out wherever it stands', () => {
  assert.is(masked('auth_pass s3cret12; again s3cret12', ['s3cret12']), 'auth_pass ***; again ***')
})

test('of a key every line is taken out, also where the line ends were escaped', () => {
  const key = '-----BEGIN RSA PRIVATE KEY-----\nMIIEowIB\nAAKCAQEA\n-----END RSA PRIVATE KEY-----\n'
  assert.not.match(masked(JSON.stringify({ said: `error near ${key}` }), [key]), /MIIEowIB|AAKCAQEA/)
})

test('a value that holds another one leaves nothing of either', () => {
  assert.is(masked('abcdefgh abcd', ['abcd', 'abcdefgh']), '*** ***')
})

test('what is too short to tell anything is left', () => {
  assert.is(masked('a1 stays', ['a1']), 'a1 stays')
})

test('a value is taken out of JSON too, where its quotes and backslashes are escaped', () => {
  const value = 'ab"cd\\ef\tgh'
  assert.is(masked(JSON.stringify({ said: `key ${value} refused` }), [value]), '{"said":"key *** refused"}')
})

test('of a value that was cut off, what is left is taken out', () => {
  assert.is(masked('error near s3cretS3cre…', ['s3cretS3cretS3cret']), 'error near ***…')
  assert.is(masked('error near s3cretS3cretS3cr and s3cretS3', ['s3cretS3cretS3cret']), 'error near *** and ***')
})

const key = '-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA1x+y/z\nAAKCAQEAabcdef==\n-----END RSA PRIVATE KEY-----\n'
const urls: readonly string[] = ['https://h/?p=%s', 'p=%s&q', '%s']
const spelled: readonly (readonly [what: string, spell: (value: string) => string])[] = [
  ['as it is', (value) => value],
  ['in JSON', (value) => JSON.stringify({ value })],
  ['in a path of a URL', (value) => encodeURIComponent(value)],
  ['in a path of a URL, digits small', (value) => encodeURIComponent(value).replaceAll(/%../g, (a) => a.toLowerCase())],
  ['in a form', (value) => new URLSearchParams({ value }).toString()],
  ['in base64', (value) => Buffer.from(value).toString('base64')],
  ['in base64 without padding', (value) => Buffer.from(value).toString('base64').replaceAll('=', '')],
  ['in base64 for URLs', (value) => Buffer.from(value).toString('base64url')],
  ['in base64, with a line end', (value) => Buffer.from(`${value}\n`).toString('base64')],
  ['in base64, one byte further', (value) => Buffer.from(`a${value}`).toString('base64')],
  ['in base64, two bytes further, in the midst', (value) => Buffer.from(`user=ab${value}&x=1`).toString('base64')],
  ['in base64 for URLs, further on', (value) => Buffer.from(`??>>${value}??>`).toString('base64url')],
]
for (const [what, spell] of spelled) {
  test(`a value is found and taken out ${what}`, () => {
    // Of four characters fewer than six digits of base64 tell, which stand somewhere by chance.
    const value = fc
      .string({ unit: 'grapheme', minLength: 6, maxLength: 40 })
      .filter((text) => text.trim() === text && !/^-----|\*\*\*/.test(text))
    fc.assert(
      fc.property(value, fc.constantFrom(...urls), (secret, around) => {
        const text = around.replace('%s', () => spell(secret))
        const matcher = matcherOf([{ id: 'a.b', value: secret }])
        assert.ok(
          matcher.found(text).some(({ id }) => id === 'a.b'),
          text,
        )
        const left = matcher.masked(text)
        assert.match(left, '***')
        for (const form of formsOf(secret)) assert.not.ok(left.replaceAll('***', '\0').includes(form.text), left)
      }),
    )
  })
}

test('of a key in base64 no line is left, wherever it stands and however its lines are cut', () => {
  const text = Buffer.from(`# of pve1\nkey:\n${key}`).toString('base64')
  const matcher = matcherOf([{ id: 'key', value: key }])
  for (const width of [text.length, 76, 64]) {
    const cut = text.replaceAll(new RegExp(`.{${width}}`, 'g'), '$&\n')
    assert.ok(matcher.found(cut).length > 0, `${width}`)
  }
  assert.not.match(Buffer.from(matcher.masked(text).replaceAll('***', ''), 'base64').toString(), /MIIE|AQEA|abcd/)
})

test('all RSA keys begin alike: another key is masked as far as it does, and is no leak', () => {
  const matcher = matcherOf([{ id: 'key', value: key }])
  assert.equal(matcher.found('MIIEowIBAAKCAQEAzzzzzz'), [])
  assert.is(matcher.masked('MIIEowIBAAKCAQEAzzzzzz'), '***zzzzzz')
})

test('the bits beside a value in base64 go with it, and what is around stays', () => {
  const encoded = Buffer.from('user=s3cret12;rest of the line').toString('base64')
  const left = masked(`got ${encoded} back`, ['s3cret12'])
  assert.match(left, /^got dXNlcj\*\*\*\w+ back$/)
  assert.is(Buffer.from(left.slice(4, left.indexOf('*')), 'base64').toString(), 'user')
})

test('a long text is gone through once, however many secrets there are', () => {
  const many = Array.from({ length: 40 }, (_, index) => ({
    id: `${index}`,
    value: Array.from({ length: 26 }, (__, line) => `line ${line} of the secret ${index * 7919}`).join('\n'),
  }))
  const matcher = matcherOf(many)
  const text = 'what a deployment says of itself, over and over; '.repeat(20_000)
  const begin = performance.now()
  assert.is(matcher.masked(text), text)
  assert.ok(performance.now() - begin < 2000)
})

test.run()
