import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Act } from '../../renderers/renderer.ts'
import type { Rollout } from '../../scripts/lib/rollout/rollout.ts'
import { unitFaultFiles, unitIn } from '../../scripts/lib/twin/unit-fault.ts'

const rollout = (acts: readonly Act[]) =>
  ({ waves: [[{ id: 1, writes: [{ host: 'a', changes: [], acts }] }]] }) as unknown as Rollout

const cases: readonly (readonly [what: string, acts: readonly Act[], unit: string | null])[] = [
  ['is restarted', [{ unit: 'x.service', do: 'restart' }], 'x.service'],
  [
    'reads its files anew, after it was enabled',
    [
      { unit: 'x.service', do: 'enable' },
      { unit: 'x.service', do: 'reload' },
    ],
    'x.service',
  ],
  ['is only enabled', [{ unit: 'x.service', do: 'enable' }], null],
  ['is told by a command', [{ run: ['corosync-cfgtool', '-R'] }], null],
  ['is told nothing', [], null],
]
for (const [what, acts, unit] of cases) {
  test(`the unit that a fault is about: one that ${what}`, () => assert.is(unitIn(rollout(acts), 1, 'a'), unit))
}

test('where the step writes nothing, or nothing is planned, there is no unit', () => {
  const told = rollout([{ unit: 'x.service', do: 'restart' }])
  assert.is(unitIn(told, 1, 'b'), null)
  assert.is(unitIn(told, 2, 'a'), null)
  assert.is(unitIn(null, 1, 'a'), null)
})

test('what is laid counts more than the drop-in that the product itself delivers, and is gone with the next boot', () => {
  for (const name of ['config-refused', 'unit-dies'] as const) {
    const [dropIn = ''] = Object.keys(unitFaultFiles(name, 'tinc@cluster.service'))
    assert.ok(dropIn.startsWith('/run/systemd/system/tinc@cluster.service.d/'), dropIn)
    assert.ok((dropIn.split('/').at(-1) ?? '') > 'quorate.conf', dropIn)
  }
})

test.run()
