/** Services that a person has to bring a part of the way. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Transition } from '../../renderers/renderer.ts'
import { withheld } from '../../scripts/lib/rollout/withheld.ts'
import { assertContract } from '../contracts/contract.ts'
import { planned, refusals, renderer, rolled, shape, threeNodes } from './lab.ts'

const done = { title: 'it is done', run: ['true'], exit: [0], withinSeconds: 0 }
const hand = (rest: 'goes-on' | 'waits'): Transition => ({
  kind: 'by-hand',
  why: 'a node joins',
  manual: 'add it',
  done,
  rest,
})
const by = (rest: 'goes-on' | 'waits') => [renderer('corosync', hand(rest))]
const after = threeNodes({ corosync: 'young', keepalived: 'young' })

test('until it is done the service stays as it is and all else goes on, and the rollout says what is left to do', () => {
  const rollout = rolled(threeNodes(), after, {}, by('goes-on'))
  assert.equal([...new Set(shape(rollout).flat())].toSorted(), [
    'keepalived@pve1',
    'keepalived@pve2',
    'keepalived@pve3',
  ])
  assertContract('rollout', { format: 1, kind: 'rollout', rollout })
  assert.equal(rollout.byHand, [{ service: 'corosync', why: 'a node joins', manual: 'add it' }])
  assert.not.equal(rollout.digest, rolled(threeNodes(), threeNodes({ keepalived: 'young' })).digest)
})

test('where all else has to wait nothing is rolled out, and the commands are the way out', () => {
  const [refusal] = refusals(threeNodes(), after, {}, by('waits'))
  assert.equal([refusal?.service, refusal?.why, refusal?.waysOut], ['corosync', 'a node joins', ['add it']])
})

test('once it is done the service is changed like any other', () => {
  for (const rest of ['goes-on', 'waits'] as const) {
    const rollout = rolled(threeNodes(), after, { settled: ['corosync'] }, by(rest))
    assert.ok(shape(rollout).flat().includes('corosync@pve1+pve2+pve3'))
    assert.is(rollout.byHand, undefined)
  }
  assert.is(planned(threeNodes(), after, { settled: ['keepalived'] }, by('waits')).kind, 'refused')
})

test('what does not change needs nobody', () => {
  assert.is(rolled(threeNodes(), threeNodes({ keepalived: 'young' }), {}, by('goes-on')).byHand, undefined)
})

test('a service that is held back is as before on every host, and is not on a host that did not have it', () => {
  const { pve3, ...two } = threeNodes().hosts
  const held = withheld({ ...after, hosts: two }, after, ['corosync'])
  const parts = (host: string) => held.hosts[host]?.parts.map(({ id }) => id)
  assert.ok(pve3)
  assert.ok(parts('pve1')?.includes('corosync'))
  assert.not.ok(parts('pve3')?.includes('corosync'))
  assert.ok(parts('pve3')?.includes('keepalived'))
  assert.not.ok(held.hosts['pve3']?.groups.some(({ id }) => id === 'corosync'))
  const file = (host: string) => held.hosts[host]?.parts.find(({ id }) => id === 'corosync')?.files[0]
  assert.equal(file('pve1'), two['pve1']?.parts.find(({ id }) => id === 'corosync')?.files[0])
})

test.run()
