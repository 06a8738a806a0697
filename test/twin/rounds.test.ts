import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Outcome } from '../../scripts/lib/deployment/outcome.ts'
import type { Fault } from '../../scripts/lib/twin/fault.ts'
import { roundsOf } from '../../scripts/lib/twin/rounds.ts'
import type { Theatre } from '../../scripts/lib/twin/theatre.ts'
import { emptyTheatre } from './stage.ts'

/** Never comes about: the deployer tells of no step. */
const fault = (step: number): Fault => ({ name: 'wan-cut', host: null, step, phase: 'armed' })
const before = { rendering: { hosts: {} } }
const after = { rendering: { hosts: {} } }

/** Writes down what is deployed. `back`: how going back to the base ends. */
function theatre(deployed: string[], back: Partial<Outcome>): Theatre {
  const deploy = (side: unknown) => {
    deployed.push(side === before ? 'base' : 'change')
    return { outcome: Promise.resolve(side === before ? back : { exit: 0 }) }
  }
  const twin = { names: [], machine: () => ({}) }
  return emptyTheatre({ twin, sides: { before, after }, deploy })
}

test('every fault has a rollout, and between two of them the hosts go back to the base', async () => {
  const deployed: string[] = []
  const { rounds, stopped } = await roundsOf(theatre(deployed, { exit: 0 }), [fault(1), fault(2)], false, () => {})
  assert.equal(deployed, ['change', 'base', 'change'])
  assert.is(rounds.length, 2)
  assert.is(stopped, null)
})

test('without a fault there is one rollout', async () => {
  const deployed: string[] = []
  await roundsOf(theatre(deployed, { exit: 0 }), [], false, () => {})
  assert.equal(deployed, ['change'])
})

test('where the hosts cannot go back, the faults that had no turn are counted', async () => {
  const deployed: string[] = []
  const stuck = theatre(deployed, { exit: 4 })
  const { rounds, stopped } = await roundsOf(stuck, [fault(1), fault(2), fault(3)], false, () => {})
  assert.equal(deployed, ['change', 'base'])
  assert.is(rounds.length, 1)
  assert.is(stopped, '2 faults had no turn: the hosts cannot go back to the base: the deployer ended without a word')
})

test.run()
