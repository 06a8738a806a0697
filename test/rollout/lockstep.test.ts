/** Hosts that have to change together, as old and new do not understand each other: one step, with numbers for what it takes. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Move } from '../../renderers/renderer.ts'
import { assertContract } from '../contracts/contract.ts'
import { refusals, renderer, rolled, shape, threeNodes } from './lab.ts'

const stop = [{ unit: 'keepalived.service', do: 'stop' }] as const
const other = (host: string) => ({
  acts: [{ unit: 'keepalived.service', do: 'start' }] as const,
  interrupts: [`keepalived.services@${host}`],
  maxSeconds: 6,
})
const reload = { acts: [{ unit: 'keepalived.service', do: 'reload' }] as const, interrupts: [], maxSeconds: 1 }
const move: Move = {
  part: 'keepalived',
  why: 'the password changes',
  inCharge: 'pve1',
  stop: { pve2: stop, pve3: stop },
  effects: { pve1: reload, pve2: other('pve2'), pve3: other('pve3') },
  apartSeconds: 2,
}
const old = threeNodes()
const young = threeNodes({ keepalived: 'young', interfaces: 'young' })
const way = (moves: readonly Move[]) => [renderer('keepalived', { kind: 'lockstep', moves })]

test('the hosts of a move are one step, the one in charge first; all others go as ever', () => {
  const rollout = rolled(old, young, { last: ['pve1'] }, way([move]))
  assertContract('rollout', { format: 1, kind: 'rollout', rollout })
  assert.equal(shape(rollout), [
    ['keepalived@pve1+pve2+pve3'],
    ['interfaces@pve2'],
    ['interfaces@pve3'],
    ['interfaces@pve1'],
  ])
})

test('it is counted as what it is: one of three is left, and nobody more may fail', () => {
  const [step] = rolled(old, young, {}, way([move])).waves.flat()
  assert.equal(step?.groups, [
    { group: 'keepalived.services', kind: 'pool', before: 3, during: 1, needs: 1, margin: 0 },
  ])
  assert.equal(step?.interrupts, ['keepalived.services@pve2', 'keepalived.services@pve3'])
  assert.equal(step?.affects, ['pve1', 'pve2', 'pve3'])
  assert.equal([step?.gate, step?.whole], [['keepalived.services'], ['keepalived.services']])
  assert.is(step?.maxSeconds, 6)
  assert.equal(step?.lockstep, { inCharge: 'pve1', stop: { pve2: stop, pve3: stop }, apartSeconds: 2 })
  assert.equal(step?.because, [
    'the password changes: hosts with the old keepalived and hosts with the new one would not hear each other, and more than one would be in charge',
    'so pve2, pve3 stop first, pve1 changes alone, and then pve2, pve3 start with what is new',
  ])
})

test('where the one in charge is away too, somebody has to accept that, and is told for how long', () => {
  const away = { ...move, effects: { ...move.effects, pve1: { ...other('pve1'), maxSeconds: 5 } } }
  const [refusal] = refusals(old, young, {}, way([away]))
  assert.is(refusal?.group, 'keepalived.services')
  assert.is(
    refusal?.why,
    'changing keepalived on pve1, pve2, pve3 together (the password changes) takes keepalived.services from 3 to 0 of 3 members (needs 1)',
  )
  assert.equal(refusal?.waysOut, [
    'accept the outage for this change with  deploy --accept-outage keepalived.services  (6 s at most)',
  ])
  const accepted = rolled(old, young, { acceptOutage: ['keepalived.services'] }, way([away]))
  assert.is(accepted.waves.flat()[0]?.groups[0]?.margin, -1)
})

test('hosts outside of the move change one by one, and nobody stops who has nothing to write', () => {
  const { pve3: _, ...effects } = move.effects
  const small = { ...move, stop: { pve2: stop }, effects }
  const only = threeNodes({ keepalived: 'young' })
  assert.equal(
    shape(rolled(old, only, {}, way([small])))
      .flat()
      .toSorted(),
    ['keepalived@pve1+pve2', 'keepalived@pve3'],
  )
  const mixed = { ...only, hosts: { ...only.hosts, pve1: old.hosts['pve1'], pve2: old.hosts['pve2'] } } as typeof only
  const [step] = rolled(
    mixed,
    only,
    {},
    way([{ ...move, inCharge: 'pve3', stop: { pve1: stop, pve2: stop } }]),
  ).waves.flat()
  assert.equal(
    step?.writes.map(({ host }) => host),
    ['pve1', 'pve2'],
  )
  assert.equal(step?.lockstep?.stop, { pve1: stop, pve2: stop })
  assert.match(step?.because[1] ?? '', 'pve3 goes on alone')
})

test.run()
