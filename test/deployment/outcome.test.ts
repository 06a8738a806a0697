import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { outcomeOf, type Progress } from '../../scripts/lib/deployment/progress.ts'
import type { DeployRequest } from '../../scripts/lib/deployment/request.ts'
import type { StepEnd } from '../../scripts/lib/deployment/step.ts'
import type { Rollout } from '../../scripts/lib/rollout/rollout.ts'
import { smallRendering } from './small-lab.ts'

/** What a run says of n1, on which two steps write, after these ends. */
function hostAfter(ends: Readonly<Record<number, 'confirmed' | 'reverted'>>) {
  const step = (id: number) => ({ id, writes: [{ host: 'n1', changes: [{}] }] })
  const all = Object.entries(ends).map(([id, end]) => ({ id: Number(id), end }))
  const back = all.filter(({ end }) => end === 'reverted').map(({ id }) => [id, 'reverted'] as const)
  const progress: Progress = {
    facts: new Map([['n1', {}]]) as unknown as Progress['facts'],
    rollout: { digest: '0', waves: [[step(1)], [step(2)]] } as unknown as Rollout,
    ends: new Map(all.map(({ id }) => [id, { kind: 'confirmed' } as unknown as StepEnd])),
    back: new Map(back),
    recorded: new Set(),
  }
  const request = { target: smallRendering({ body: 'one' }), commit: null, apply: true, without: [] }
  return outcomeOf(request as unknown as DeployRequest, progress, null).hosts['n1']
}

test('of a host it is known which steps were not begun, so that nobody takes a part for the whole', () => {
  assert.equal(hostAfter({ 1: 'confirmed', 2: 'confirmed' }), { outcome: 'applied', detail: 'steps 1, 2 confirmed' })
  assert.equal(hostAfter({ 1: 'confirmed' }), {
    outcome: 'applied',
    detail: 'step 1 confirmed, step 2 not begun',
    notBegun: [2],
  })
  assert.equal(hostAfter({ 1: 'reverted' })?.notBegun, [2])
  assert.equal(hostAfter({})?.notBegun, [1, 2])
})

test.run()
