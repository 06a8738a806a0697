/**
 * The planner against a simulator that shares no code with it (simulator/): rollouts for random labs, and for every small one, are carried out
 * in every way that their waves allow, with every host that could die meanwhile.
 *
 * A failure prints the seed of its lab. That one alone, with the lab itself:
 *
 *   QUORATE_SEED=1234 npm run -s test:unit -- rollout/simulator
 */
import { env } from 'node:process'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { compare } from '../../scripts/lib/bundle/compare.ts'
import { plan } from '../../scripts/lib/rollout/plan.ts'
import { renderer } from './lab.ts'
import { type Case, told } from './simulator/lab-case.ts'
import { randomLab } from './simulator/random-lab.ts'
import { faultsOf } from './simulator/simulator.ts'
import { smallLabs } from './simulator/small-labs.ts'

const cases = 20_000

function judged(lab: Case) {
  const services = [...new Set(lab.moves?.map(({ part }) => part))]
  const ways = services.map((service) => {
    const moves = (lab.moves ?? []).filter(({ part }) => part === service)
    return renderer(service, { kind: 'lockstep', moves })
  })
  const result = plan(lab.before, lab.after, compare(lab.before, lab.after), ways, lab)
  return { result, faults: faultsOf(lab, result) }
}

function report(what: string, lab: Case, faults: readonly string[]): string {
  return [what, ...faults.slice(0, 5), told(lab)].join('\n')
}

test('no lab that is drawn by chance breaks a rollout, and nothing is refused for which a safe order exists', () => {
  const only = env['QUORATE_SEED']
  const seeds = only === undefined ? Array.from({ length: cases }, (_, seed) => seed) : [Number(only)]
  const seen = { rollout: 0, refused: 0 }
  let inTurn = 0
  for (const seed of seeds) {
    const lab = randomLab(seed)
    const { result, faults } = judged(lab)
    seen[result.kind] += 1
    if (result.kind === 'rollout' && result.rollout.waves.flat().some(({ lockstep }) => lockstep !== undefined))
      inTurn += 1
    if (faults.length > 0) throw new Error(report(`QUORATE_SEED=${seed}`, lab, faults))
    if (only !== undefined) process.stdout.write(`${told(lab)}\n${JSON.stringify(result, null, 2)}\n`)
  }
  // Labs that are all refused, or never, would show little.
  if (only === undefined) assert.ok(inTurn > cases / 20, `${inTurn} with hosts that change in turn`)
  if (only === undefined) assert.ok(Math.min(seen.rollout, seen.refused) > cases / 5, JSON.stringify(seen))
})

for (const nodes of [1, 2, 3, 4]) {
  test(`every lab of ${nodes} nodes with a quorum on a VPN: nothing breaks it`, () => {
    let count = 0
    for (const lab of smallLabs(nodes)) {
      count += 1
      const { faults } = judged(lab)
      if (faults.length > 0) throw new Error(report(`lab ${count} of ${nodes} nodes`, lab, faults))
    }
    assert.ok(count > 0)
  })
}

test.run()
