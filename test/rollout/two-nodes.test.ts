/** Two nodes: what one vote is enough for, and what it is not. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { renderers } from '../../renderers/index.ts'
import type { Lab } from '../../renderers/renderer.ts'
import type { Rendering } from '../../scripts/lib/bundle/rendering.ts'
import { worldOf } from '../../scripts/lib/rollout/world.ts'
import { compare } from '../../scripts/lib/bundle/compare.ts'
import { renderLab } from '../../scripts/lib/bundle/render.ts'
import { changed } from '../renderers/changed.ts'
import { labIn } from '../renderers/lab-folder.ts'
import { planned, rolled } from './lab.ts'

const witnessed = await labIn('duo')
const plain = changed(witnessed, ['services', 'corosync', 'device'], undefined)
const duo = changed(plain, ['services', 'corosync', 'twoNode'], true)
const rendered = (lab: Lab) => renderLab(lab, renderers, {}).rendering
/** Smaller packets: ifreload takes both links of a node away. */
const slower = (lab: Lab) => rendered(changed(lab, ['networks', 'lan', 'mtu'], 1400))
const patient = (lab: Lab) => rendered(changed(lab, ['services', 'corosync', 'token'], 5000))

function margins(lab: Lab, after: typeof slower, order = {}) {
  const steps = rolled(rendered(lab), after(lab), order, renderers).waves.flat()
  return steps.map(({ writes, groups }) => {
    const { before, during, needs, margin } = groups.find(({ group }) => group === 'corosync') ?? {}
    return [writes.map(({ host }) => host).join('+'), before, during, needs, margin]
  })
}

test('with two_node one vote is enough while the other node is away for a moment, one after the other', () => {
  assert.equal(margins(duo, slower), [
    ['left', 2, 1, 1, 0],
    ['right', 2, 1, 1, 0],
  ])
  assert.equal(margins(duo, patient), [['left+right', 2, 2, 1, 1]])
})

test('with two_node nothing takes the one away while the other is missing: alone it waits for it', () => {
  const changes = compare(rendered(duo), slower(duo)).filter(({ host }) => host === 'left')
  const plan = planned(rendered(duo), slower(duo), { lost: ['right'] }, renderers, changes)
  assert.is(plan.kind, 'refused')
  const [refusal] = plan.kind === 'refused' ? plan.refusals : []
  assert.match(refusal?.why ?? '', 'takes corosync from 1 to 0 of 2 votes (needs 1)')
  assert.match(refusal?.waysOut[0] ?? '', /bring the other node back first.*wait_for_all/)
})

test('two nodes without two_node are refused, and the way out names the key', () => {
  const plan = planned(rendered(plain), slower(plain), {}, renderers)
  assert.is(plan.kind, 'refused')
  const [refusal] = plan.kind === 'refused' ? plan.refusals : []
  assert.match(refusal?.why ?? '', 'takes corosync from 2 to 1 of 2 votes (needs 2)')
  assert.match(refusal?.waysOut[0] ?? '', 'twoNode: true  in services/corosync.yaml')
})

test('with a quorum device two of three votes stay: the way of the node that is out does not count', () => {
  assert.equal(margins(witnessed, slower), [
    ['left', 3, 2, 2, 0],
    ['right', 3, 2, 2, 0],
  ])
  assert.equal(margins(witnessed, patient), [['left+right', 3, 3, 2, 1]])
})

test('a node that stays and loses its way to the device costs the device’s vote, as rule 4 has it', () => {
  const step = (away: readonly string[]) => world.interruption(away)
  const world = worldOf(rendered(witnessed), rendered(witnessed))
  assert.ok(step(['net:lan@left']).has('qdevice@192.0.2.53'))
  assert.not.ok(step(['net:lan@left']).has('corosync@left'), 'the cable carries it')
  assert.not.ok(step(['net:lan@left', 'net:cable@left']).has('qdevice@192.0.2.53'), 'nobody asks it from there')
  assert.ok(world.interruption(['net:lan@left'], 'doubtful').has('qdevice@192.0.2.53'))
})

test('with a node missing, the other one and the device are just enough, and nothing is taken from them', () => {
  const order = { lost: ['right'] }
  const only = (after: Rendering) => compare(rendered(witnessed), after).filter(({ host }) => host === 'left')
  const plan = planned(rendered(witnessed), slower(witnessed), order, renderers, only(slower(witnessed)))
  assert.is(plan.kind, 'refused')
  const [refusal] = plan.kind === 'refused' ? plan.refusals : []
  assert.match(refusal?.why ?? '', 'takes corosync from 2 to 1 of 3 votes (needs 2)')
  assert.match(refusal?.waysOut[0] ?? '', 'bring back who is away first')
})

test.run()
