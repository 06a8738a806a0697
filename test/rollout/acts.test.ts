import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Act } from '../../renderers/renderer.ts'
import { mergedActs } from '../../scripts/lib/rollout/acts.ts'

type Do = Extract<Act, { unit: string }>['do']

function unit(name: string, ...orders: readonly Do[]): readonly Act[] {
  return orders.map((order) => ({ unit: name, do: order }))
}

const reloadUnits: Act = { run: ['systemctl', 'daemon-reload'] }

test('every act is done once', () => {
  assert.equal(mergedActs([unit('a', 'reload'), unit('a', 'reload')]), unit('a', 'reload'))
  assert.equal(mergedActs([[reloadUnits], [reloadUnits]]), [reloadUnits])
})

test('a restart stands for the start and the reload of its unit, and of no other', () => {
  const merged = mergedActs([unit('a', 'enable', 'start', 'reload'), unit('a', 'restart'), unit('b', 'reload')])
  assert.equal(merged, [...unit('a', 'enable', 'restart'), ...unit('b', 'reload')])
})

test('a unit is enabled before it is started, and started before it is reloaded', () => {
  assert.equal(mergedActs([unit('a', 'reload'), unit('a', 'start', 'enable')]), unit('a', 'enable', 'start', 'reload'))
})

test('a command keeps its place before the unit that its own list tells, whichever list comes first', () => {
  const merged = [reloadUnits, ...unit('a', 'restart')]
  assert.equal(mergedActs([unit('a', 'restart'), [reloadUnits, ...unit('a', 'restart')]]), merged)
  assert.equal(mergedActs([[reloadUnits, ...unit('a', 'restart')], unit('a', 'restart')]), merged)
})

test('several commands keep their order', () => {
  const commands: readonly Act[] = ['c', 'a', 'b'].map((name) => ({ run: [name] }))
  assert.equal(mergedActs([commands.slice(0, 2), commands.slice(1)]), commands)
})

test('whatever is merged, nothing is lost but what a restart stands for', () => {
  const act = fc.record({
    unit: fc.constantFrom('a', 'b'),
    do: fc.constantFrom<Do>('enable', 'start', 'reload', 'restart', 'stop', 'disable'),
  })
  fc.assert(
    fc.property(fc.array(fc.array(act)), (lists) => {
      const merged = mergedActs(lists).map((each) => JSON.stringify(each))
      assert.is(new Set(merged).size, merged.length)
      for (const each of lists.flat()) {
        const restart = JSON.stringify({ unit: each.unit, do: 'restart' })
        assert.ok(merged.includes(JSON.stringify(each)) || merged.includes(restart))
      }
    }),
  )
})

test.run()
