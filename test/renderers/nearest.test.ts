import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { nearest, remedyForName } from '../../renderers/nearest.ts'

const cases: readonly (readonly [string, readonly string[], string | null])[] = [
  ['clster', ['cluster', 'services'], 'cluster'],
  ['ADDRESSES', ['addresses', 'id'], 'addresses'],
  ['tincc', ['corosync', 'tinc'], 'tinc'],
  ['tnic', ['tinc'], 'tinc'],
  ['phsyical', ['physical'], 'physical'],
  ['pve9', ['pve2', 'pve1'], 'pve1'],
  ['backup', ['cluster', 'public'], null],
  ['x', ['id'], null],
  ['', ['id'], null],
  ['id', [], null],
]

for (const [word, candidates, meant] of cases) {
  test(`of ${candidates.join(', ') || 'nothing'}, "${word}" means ${meant ?? 'none'}`, () => {
    assert.is(nearest(word, candidates), meant)
  })
}

test('a name a megabyte long is compared in no time', () => {
  assert.is(nearest('x'.repeat(1_000_000), ['cluster']), null)
})

test('of a few that are equally near, all are named; of many, all there are', () => {
  assert.is(remedyForName('pve', ['pve2', 'pve1'], 'node'), 'did you mean "pve1" or "pve2"?')
  assert.is(remedyForName('pve', ['b12', 'pve3', 'pve2', 'pve1'], 'node'), 'did you mean "pve1", "pve2" or "pve3"?')
  assert.is(remedyForName('pve', ['pve1', 'pve1'], 'node'), 'did you mean "pve1"?')
  assert.is(remedyForName('pve', ['pve4', 'pve3', 'pve2', 'pve1'], 'node'), 'known here: pve1, pve2, pve3, pve4')
})

test('where none is near, all there are is listed, a dozen at most', () => {
  assert.is(remedyForName('zzz', ['b', 'a'], 'network'), 'known here: a, b')
  assert.is(remedyForName('zzz', [], 'network'), 'there is no network yet')
  assert.match(
    remedyForName(
      'zzz',
      Array.from({ length: 40 }, (_, i) => `n${i + 10}`),
      'network',
    ),
    /^known here: (n\d+, ){12}…$/,
  )
})

test.run()
