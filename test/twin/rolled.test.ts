import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Event } from '../../scripts/lib/deployment/event.ts'
import type { Outcome } from '../../scripts/lib/deployment/outcome.ts'
import type { Fault } from '../../scripts/lib/twin/fault.ts'
import { rollOut } from '../../scripts/lib/twin/rolled.ts'
import type { Theatre } from '../../scripts/lib/twin/theatre.ts'
import { emptyTheatre } from './stage.ts'

const phase: Event = {
  kind: 'phase',
  step: 1,
  steps: 1,
  hosts: ['a'],
  phase: 'armed',
  detail: '',
  takingBack: false,
}
const went = { exit: 0 } as Outcome
const cut: Fault = { name: 'wan-cut', host: null, step: 1, phase: 'armed' }

/** A twin whose cables cannot be cut, or not be mended. */
function theatre(cannot: 'down' | 'up'): Theatre {
  const twin = {
    names: [],
    cut: (_: string, how: string) =>
      how === cannot ? Promise.reject(new Error('ip: no such device')) : Promise.resolve(),
  }
  const deploy: Theatre['deploy'] = (_, __, report) => {
    report(phase)
    return { outcome: Promise.resolve(went), kill: () => {}, freeze: () => {}, thaw: () => {} }
  }
  const sides = { before: { rendering: { hosts: {} } }, after: { rendering: { hosts: {} } } }
  return emptyTheatre({ twin, sides, nodes: ['a'], deploy })
}

for (const [cannot, what] of [
  ['down', 'brought about'],
  ['up', 'mended'],
] as const) {
  test(`a fault that cannot be ${what} counts against the rehearsal, and does not end it`, async () => {
    const { missed, recovery } = await rollOut(theatre(cannot), cut, false, () => {})
    assert.is(missed, `wan-cut of a at step 1, armed could not be ${what}: ip: no such device`)
    assert.is(recovery, went)
  })
}

test('what a unit is to be struck with is there before the deployer goes on', async () => {
  const said: string[] = []
  const machine = {
    root: '/nonexistent',
    exec: (words: readonly string[]) => {
      said.push(words.slice(0, 2).join(' '))
      return Promise.resolve({ exit: 0, stdout: 'active', stderr: '' })
    },
  }
  const acts = [{ unit: 'x.service', do: 'restart' }]
  const rollout = { waves: [[{ id: 1, writes: [{ host: 'a', acts }] }]] }
  const deploy = (_: unknown, __: unknown, report: (event: Event) => void) => {
    setImmediate(() => report({ kind: 'planned', rollout, steps: 1 } as unknown as Event))
    setImmediate(() => report({ ...phase, phase: 'gated' }))
    const outcome = new Promise((resolve) => void setTimeout(() => resolve(went), 20))
    return { outcome, kill: () => {}, freeze: () => said.push('freeze'), thaw: () => said.push('thaw') }
  }
  const stage = { ...theatre('down'), twin: { names: [], machine: () => machine }, deploy } as unknown as Theatre
  const dies: Fault = { name: 'unit-dies', host: null, step: 1, phase: 'gated' }
  const { missed, struck, left } = await rollOut(stage, dies, false, () => {})
  assert.is(missed, null)
  assert.is(struck?.unit, 'x.service')
  assert.equal(left?.unit, { was: 'active', is: 'active' })
  assert.is(said[0], 'freeze')
  assert.is(said.indexOf('thaw') - 1, said.indexOf('systemctl daemon-reload'))
})

test('a step that tells no unit anything cannot be struck by way of its unit, and that counts against the rehearsal', async () => {
  const stage = theatre('down')
  const { missed } = await rollOut(stage, { ...cut, name: 'config-refused' }, false, () => {})
  assert.is(
    missed,
    'config-refused of a at step 1, armed could not be brought about: step 1 tells no unit of a anything',
  )
})

test.run()
