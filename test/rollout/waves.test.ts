import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { alone, type Claims } from '../../scripts/lib/rollout/claims.ts'
import { waves } from '../../scripts/lib/rollout/waves.ts'

/** The definition, pair by pair; the planner keeps the latest wave per claim instead. */
function clash(a: Claims, b: Claims): boolean {
  return [...a].some(([key, company]) => {
    const other = b.get(key)
    return other !== undefined && (company === alone || other === alone || company !== other)
  })
}

const claims = fc
  .dictionary(fc.constantFrom('host', 'group', 'cell', 'member'), fc.constantFrom(alone, 'layer 1', 'layer 2'))
  .map((each): Claims => new Map(Object.entries(each)))

test('each step is in the first wave after every earlier step that it clashes with', () => {
  fc.assert(
    fc.property(fc.array(claims), (steps) => {
      const numbers = waves(steps)
      for (const [index, step] of steps.entries()) {
        const clashing = numbers.slice(0, index).filter((_, other) => clash(steps[other] ?? new Map(), step))
        assert.is(numbers[index], Math.max(-1, ...clashing) + 1)
      }
    }),
  )
})

test('steps that claim nothing in common go together', () => {
  assert.equal(waves([new Map([['host a', alone]]), new Map([['host b', alone]])]), [0, 0])
})

test('the same company goes together, different company one after the other', () => {
  const step = (company: string) => new Map([['cell', company]])
  assert.equal(waves([step('layer 1'), step('layer 1'), step('layer 2'), step('layer 2')]), [0, 0, 1, 1])
})

test.run()
