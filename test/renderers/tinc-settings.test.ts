import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { lookedFor } from '../../renderers/tinc/settings.ts'

test('of three hosts and more every pair is connected by one of the two, and everybody looks for somebody', () => {
  fc.assert(
    fc.property(fc.integer({ min: 3, max: 40 }), (count) => {
      const hosts = Array.from({ length: count }, (_, index) => `node-${index}`)
      const ways = hosts.flatMap((host) => lookedFor(hosts, host).map((other) => [host, other].toSorted().join(' ')))
      assert.is(new Set(ways).size, (count * (count - 1)) / 2)
      assert.is(ways.length, new Set(ways).size, 'no pair by both')
      for (const host of hosts) assert.ok(lookedFor(hosts, host).length > 0, host)
    }),
  )
})

test('two hosts look for each other, and one alone for nobody', () => {
  assert.equal(lookedFor(['a', 'b'], 'a'), ['b'])
  assert.equal(lookedFor(['a', 'b'], 'b'), ['a'])
  assert.equal(lookedFor(['a'], 'a'), [])
})

test.run()
