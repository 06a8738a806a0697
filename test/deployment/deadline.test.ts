import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Probe } from '../../renderers/renderer.ts'
import { deadlineOf } from '../../scripts/lib/deployment/deadline.ts'
import type { GroupView } from '../../scripts/lib/deployment/groups.ts'
import { ownView } from '../../scripts/lib/deployment/own-view.ts'
import type { Step } from '../../scripts/lib/rollout/rollout.ts'

const probe = (withinSeconds: number): Probe => ({ title: 'well', run: ['true'], exit: [0], withinSeconds })

const view = (id: string, host: string, withinSeconds: number, soakSeconds: number): GroupView => {
  const members = [{ id: `${id}@${host}`, host, votes: 1, needs: [], provides: [], up: [probe(withinSeconds)] }]
  return { group: { id, kind: 'quorum', minimum: 1, soakSeconds, members, agree: [] }, members }
}

const step = (more: Partial<Step> = {}): Step => ({
  id: 1,
  service: 'vpn',
  part: 'vpn',
  layer: 6,
  writes: [{ host: 'a', changes: [], acts: [] }],
  affects: ['a'],
  interrupts: ['votes@a'],
  maxSeconds: 5,
  groups: [{ group: 'votes', kind: 'quorum', before: 3, during: 2, needs: 2, margin: 0 }],
  gate: ['votes'],
  missing: [],
  whole: ['votes'],
  completes: [],
  ways: [],
  because: [],
  ...more,
})

const views = [view('votes', 'a', 60, 15), view('names', 'b', 90, 2)]

test('the deadline is the units’ time, the longest wait that applies, the soak and a reserve of 8 s', () => {
  const options = { views: [ownView('a', [probe(10), probe(2)]), ...views], fencing: [], pace: 1 }
  assert.equal(deadlineOf(step(), options), { kind: 'armed', seconds: 5 + 60 + 15 + 8, soak: 15 })
  const apart = step({ interrupts: [], writes: [{ host: 'c', changes: [], acts: [] }], maxSeconds: 0, groups: [] })
  const own = ownView('c', [probe(10), probe(2)])
  assert.equal(deadlineOf(apart, { ...options, views: [own, ...views] }), {
    kind: 'armed',
    seconds: 10 + 15 + 8,
    soak: 15,
  })
  const completing = step({ completes: ['names'] })
  assert.equal(deadlineOf(completing, options), { kind: 'armed', seconds: 5 + 90 + 15 + 8, soak: 15 })
})

test('where HA is armed a step that interrupts a quorum is over within 24 s', () => {
  const options = { views, fencing: ['a'], pace: 1 }
  assert.equal(deadlineOf(step(), options), { kind: 'armed', seconds: 24, soak: 15 })
  assert.equal(deadlineOf(step({ maxSeconds: 6 }), options), { kind: 'armed', seconds: 24, soak: 15 })
})

test('where HA is armed so is a change of the membership itself, though nothing is away while it is right', () => {
  const groups = [{ group: 'votes', kind: 'quorum', before: 3, during: 3, needs: 2, margin: 1 }] as const
  const membership = step({ layer: 8, interrupts: [], maxSeconds: 0, groups })
  const options = { views, fencing: ['a'], pace: 1 }
  assert.equal(deadlineOf(membership, options), { kind: 'armed', seconds: 24, soak: 15 })
  const slow = [view('votes', 'a', 60, 22)]
  assert.is(deadlineOf(membership, { ...options, views: slow }).kind, 'refused')
})

test('it is refused with the numbers when it needs longer, and only then', () => {
  const options = { views, fencing: ['a', 'b'], pace: 1 }
  const refused = deadlineOf(step({ maxSeconds: 30 }), options)
  assert.is(refused.kind, 'refused')
  const why = refused.kind === 'refused' ? refused.why : ''
  assert.match(why, 'HA is armed on a, b')
  assert.match(why, 'within 24 s, and this one needs 48 s (units 30 s, soak 15 s, confirmation 3 s)')
  assert.is(deadlineOf(step({ maxSeconds: 30 }), { ...options, fencing: [] }).kind, 'armed')
})

test('a step that costs no quorum is not hurried', () => {
  const options = { views, fencing: ['a'], pace: 1 }
  const pool = step({ groups: [{ group: 'votes', kind: 'pool', before: 3, during: 2, needs: 2, margin: 0 }] })
  assert.equal(deadlineOf(pool, options), { kind: 'armed', seconds: 88, soak: 15 })
  const steady = step({ groups: [{ group: 'votes', kind: 'quorum', before: 3, during: 3, needs: 2, margin: 0 }] })
  assert.equal(deadlineOf(steady, options), { kind: 'armed', seconds: 88, soak: 15 })
})

test.run()
