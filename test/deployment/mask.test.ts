import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { masked } from '../../scripts/lib/deployment/mask.ts'

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

test.run()
