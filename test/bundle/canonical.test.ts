import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { canonicalJson, sha256, sortedKeys } from '../../scripts/lib/bundle/canonical.ts'

/** The same value, its maps built in the opposite order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, member]) => [key, reversed(member)]),
  )
}

test('canonical JSON says the same as JSON and does not depend on the order of keys', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.equal(JSON.parse(canonicalJson(value)), JSON.parse(JSON.stringify(value)))
      assert.is(canonicalJson(reversed(value)), canonicalJson(value))
      assert.is(JSON.stringify(sortedKeys(reversed(value))), JSON.stringify(sortedKeys(value)))
    }),
  )
})

test('the order of lists, and every value, makes another text', () => {
  const different = [[1, 2], [2, 1], ['1', '2'], { a: [1, 2] }, { a: null }, {}, null, '', 'null', [[]], []]
  assert.is(new Set(different.map(canonicalJson)).size, different.length)
})

test('keys sort by code units, with keys that look like numbers or belong to objects in their place', () => {
  const value = JSON.parse('{"b":1,"10":2,"9":3,"__proto__":{"z":1,"y":2},"ä":4,"Z":5}') as object
  assert.is(canonicalJson(value), '{"10":2,"9":3,"Z":5,"__proto__":{"y":2,"z":1},"b":1,"ä":4}')
  assert.equal(Object.keys(sortedKeys(value)).length, 6)
})

test('a key without a value counts like no key', () => {
  assert.is(canonicalJson({ a: undefined, b: 1 }), canonicalJson({ b: 1 }))
})

test('the digest is the SHA-256 of the UTF-8 bytes', () => {
  assert.is(sha256('ä'), '33e6d73fee82904c8d7afb78de1154d1e8dc2a0edb08120e63df5b9385c2d9cc')
  assert.is(sha256('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})

test.run()
