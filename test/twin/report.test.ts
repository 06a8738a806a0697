import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Step } from '../../scripts/lib/rollout/rollout.ts'
import {
  behindOffers,
  doubleOwners,
  measuredGroups,
  measuredSteps,
  type Window,
} from '../../scripts/lib/twin/report.ts'
import type { Series } from '../../scripts/lib/twin/series.ts'

const step = (id: number, interrupts: readonly string[], maxSeconds: number): Step => ({
  id,
  service: 'tinc',
  part: 'tinc.cluster',
  layer: 6,
  writes: [{ host: 'a', changes: [], acts: [] }],
  affects: ['a'],
  interrupts,
  maxSeconds,
  groups: [],
  gate: [],
  missing: [],
  whole: [],
  completes: [],
  ways: [],
  because: [],
})

/** Well but for the seconds between `from` and `to`; asked ten times a second, for twenty seconds. */
function series(id: string, kind: Series['kind'], from: number, to: number): Series {
  const samples = Array.from({ length: 200 }, (_, index) => {
    const at = index * 100
    return { at, well: at < from * 1000 || at >= to * 1000 }
  })
  return { id, kind, every: 100, samples }
}

const during = (first: Step): Window => ({ step: first, from: 4000, to: 12_000 })
const found = (interrupts: readonly string[], maxSeconds: number, from: number, to: number) =>
  measuredSteps([during(step(1, interrupts, maxSeconds))], [series('net:cluster@a', 'foot', from, to)], new Map(), 0)
    .violations

test('an interruption that was declared, and is as short as declared, is none of anybody’s business', () => {
  assert.equal(found(['net:cluster@a'], 5, 5, 8), [])
})

test('one that lasts longer than declared is found, with both figures', () => {
  assert.equal(found(['net:cluster@a'], 1, 5, 8), [
    'net:cluster@a was away for 3.0 s during step 1 (tinc.cluster), and 1 s at most were declared',
  ])
})

test('one that nobody declared is found', () => {
  assert.equal(found(['net:services@a'], 5, 5, 8), [
    'net:cluster@a was away for 3.0 s during step 1 (tinc.cluster), which does not declare that',
  ])
})

test('users may miss what a group offers for as long as a step interrupts one of its members, and no longer', () => {
  const member = { id: 'keepalived@a', host: 'a', votes: 1, needs: [], provides: [], up: [] }
  const offers = [{ title: 'the router', network: 'services', kind: 'address', address: '10.0.1.1' }] as const
  const missed = (interrupts: readonly string[], maxSeconds: number) =>
    measuredSteps(
      [during(step(1, interrupts, maxSeconds))],
      [series('the router', 'offer', 5, 8)],
      behindOffers([{ members: [member], offers }], [{ network: 'services', node: 'c' }]),
      0,
    ).violations
  assert.equal(missed(['keepalived@a'], 3), [])
  assert.equal(missed(['net:services@c'], 3), [], 'whoever asks is cut off meanwhile')
  assert.equal(missed(['keepalived@a'], 2), [
    'the router was away for 3.0 s during step 1 (tinc.cluster), and 2 s at most were declared',
  ])
  assert.equal(missed(['keepalived@b'], 3), [
    'the router was away for 3.0 s during step 1 (tinc.cluster), which does not declare that',
  ])
})

test('what a busy machine makes by itself is no interruption', () => {
  assert.equal(found([], 0, 5, 5.8), [])
})

test('what was measured stands beside what was predicted', () => {
  const { steps } = measuredSteps(
    [during(step(1, ['net:cluster@a'], 5))],
    [series('net:cluster@a', 'foot', 5, 8)],
    new Map(),
    1000,
  )
  assert.equal(steps, [
    {
      id: 1,
      part: 'tinc.cluster',
      hosts: ['a'],
      from: 3,
      to: 11,
      predicted: { interrupts: ['net:cluster@a'], maxSeconds: 5 },
      measured: [{ id: 'net:cluster@a', seconds: 3 }],
    },
  ])
})

const members = ['a', 'b', 'c'].map((host) => ({
  id: `corosync@${host}`,
  host,
  votes: 1,
  needs: [],
  provides: [],
  up: [],
}))
const group = { id: 'corosync', kind: 'quorum', minimum: 2, members } as const

test('votes are counted at the moment at which they were fewest', () => {
  const all = [
    series('corosync@a', 'member', 5, 8),
    series('corosync@b', 'member', 7, 9),
    series('corosync@c', 'member', 12, 13),
  ]
  assert.equal(measuredGroups([group], all, 0, 19_000), [
    { id: 'corosync', kind: 'quorum', all: 3, needs: 2, fewest: 1 },
  ])
  const apart = [
    series('corosync@a', 'member', 5, 6),
    series('corosync@b', 'member', 7, 9),
    series('corosync@c', 'member', 12, 13),
  ]
  assert.is(measuredGroups([group], apart, 0, 19_000)[0]?.fewest, 2)
})

test('two owners at once are found, and one that hands over to the other is not', () => {
  const said = (host: string, from: number, to: number) => ({
    group: 'keepalived',
    title: 'the owner of 10.0.1.1',
    across: 'one' as const,
    host,
    words: Array.from({ length: 20 }, (_, index) => ({
      at: index * 1000,
      picked: index >= from && index < to ? '10.0.1.1/24' : '',
    })),
  })
  assert.equal(doubleOwners([said('a', 0, 8), said('b', 8, 20)], 0, 20_000), [])
  assert.equal(doubleOwners([said('a', 0, 8), said('b', 5, 20)], 0, 20_000), [
    'the owner of 10.0.1.1: a and b both, for 2.0 s',
  ])
  const off = (host: string, from: number, to: number) => {
    const { words, ...rest } = said(host, 0, 20)
    return { ...rest, words: words.filter(({ at }) => at < from * 1000 || at >= to * 1000) }
  }
  assert.equal(doubleOwners([off('a', 5, 15), said('b', 6, 14)], 0, 20_000), [], 'a was off meanwhile')
  assert.is(doubleOwners([off('a', 5, 15), said('b', 6, 18)], 0, 20_000).length, 1)
})

test.run()
