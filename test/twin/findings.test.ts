import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Outcome } from '../../scripts/lib/deployment/outcome.ts'
import type { Fault } from '../../scripts/lib/twin/fault.ts'
import { reportOf, type Seen } from '../../scripts/lib/twin/findings.ts'
import type { RehearsalRequest } from '../../scripts/lib/twin/request.ts'
import type { Left } from '../../scripts/lib/twin/rolled.ts'

const rendering = { lab: 'x', hosts: {} }
const wiring = { nodes: [], guests: [], visitors: [], segments: [] }

/** The report of one rollout that a fault of a unit struck, and the run after it went through. */
function found(name: Fault['name'], exit: number, left: Left) {
  const fault: Fault = { name, host: 'a', step: 1, phase: 'gated' }
  const failure = exit === 0 ? null : { what: 'x.service does not start', where: 'a', now: 'as before', next: 'look' }
  const outcome = { exit, failure } as Outcome
  const struck = { fault, host: 'a', at: 0, unit: 'x.service' }
  const times = new Map<number, { from: number; to: number }>()
  const rolled = { outcome, recovery: { exit: 0 } as Outcome, rollout: null, times, struck, left, missed: null }
  const round = { rolled: { ...rolled, began: 0, ended: 1000 }, unwell: null, whole: 1500, held: { a: 'new' } }
  const seen = {
    rounds: [round],
    stopped: null,
    killed: null,
    sampled: { series: [], said: [] },
    groups: [],
    refusedLines: new Map<string, string>(),
  }
  const seconds = { boot: 1, base: 1, rollout: 1, total: 3 }
  const request = { wiring, before: rendering, after: rendering, base: null, commit: null, faults: [fault] }
  return reportOf(request as unknown as RehearsalRequest, { ...seen, isBare: false, seconds } satisfies Seen)
}

const alive = { was: 'active', is: 'active' }
const dead = { was: 'active', is: 'failed' }

test('a refused configuration that was taken back whole is nothing against the rollout, and the report tells how it ended', () => {
  const { violations, faults } = found('config-refused', 3, { held: { a: 'old' }, unit: alive })
  assert.equal(violations, [])
  assert.is(faults[0]?.rollout, 'ended with exit 3: x.service does not start')
})

test('a unit that died unnoticed is told of', () => {
  const { violations, faults } = found('unit-dies', 0, { held: { a: 'new' }, unit: dead })
  assert.equal(violations, [])
  assert.is(faults[0]?.rollout, 'went through, and nothing in it noticed that x.service of a is failed')
})

const against: readonly (readonly [what: string, name: Fault['name'], exit: number, left: Left, why: string])[] = [
  [
    'that leaves files of the change while it says that all is taken back',
    'unit-dies',
    3,
    { held: { a: 'old', b: 'mixed: /etc/x new' }, unit: alive },
    'b was not taken back whole: mixed: /etc/x new',
  ],
  [
    'that leaves the unit dead by taking back',
    'unit-dies',
    3,
    { held: { a: 'old' }, unit: dead },
    'everything was taken back, and x.service is failed',
  ],
  [
    'that goes through although the unit refused its configuration',
    'config-refused',
    0,
    { held: { a: 'new' }, unit: alive },
    'x.service refused its configuration, and the rollout went through all the same',
  ],
]
for (const [what, name, exit, left, why] of against) {
  test(`a rollout ${what} is found`, () => {
    assert.equal(found(name, exit, left).violations, [`with ${name} of a at step 1, gated: ${why}`])
  })
}

test.run()
