import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Event } from '../../scripts/lib/deployment/event.ts'
import type { Outcome } from '../../scripts/lib/deployment/outcome.ts'
import type { Fault } from '../../scripts/lib/twin/fault.ts'
import { rollOut } from '../../scripts/lib/twin/rolled.ts'
import type { Theatre } from '../../scripts/lib/twin/theatre.ts'

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
  const sides = { before: { rendering: {} }, after: { rendering: {} } }
  return {
    twin,
    sides,
    nodes: ['a'],
    guests: [],
    groups: [],
    deploy,
    stage: () => {},
    event: () => {},
  } as unknown as Theatre
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

test.run()
