import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Member } from '../../renderers/renderer.ts'
import { hostLosses, interruptionAmong } from '../../scripts/lib/rollout/interruption.ts'

function member(id: string, needs: Member['needs'], ...provides: readonly string[]): Member {
  return { id, host: id.split('@')[1] ?? '', votes: 1, needs, provides, up: [] }
}

const carried = [
  member('interfaces@a', [], 'net:public@a'),
  member('vpn@a', [['net:public@a']], 'net:cluster@a'),
  member('quorum@a', [['net:cluster@a', 'net:other@a']]),
  member('guest@g', [['net:cluster@a']], 'net:cluster@g'),
  member('names@g', [['net:cluster@g']]),
]

function away(start: readonly string[], members = carried): readonly string[] {
  return [...interruptionAmong(members)(start)].toSorted()
}

test('restarting a carrier takes away all that it carries, on other hosts too', () => {
  const all = ['guest@g', 'interfaces@a', 'names@g', 'net:cluster@a', 'net:cluster@g', 'net:public@a', 'vpn@a']
  assert.equal(away(['interfaces@a']), all)
})

test('a member with two ways is away only when both are', () => {
  assert.not(away(['net:cluster@a']).includes('quorum@a'))
  assert.not(away(['net:other@a']).includes('quorum@a'))
  assert.ok(away(['net:cluster@a', 'net:other@a']).includes('quorum@a'))
})

test('read with doubt, one way lost is enough', () => {
  assert.ok(interruptionAmong(carried)(['net:other@a'], 'doubtful').has('quorum@a'))
})

test('what nobody provides is always there', () => {
  assert.equal(away([], [member('x@a', [['net:unmanaged@a']])]), [])
})

test('members that need each other fall together, and only when something else falls', () => {
  const circle = [member('x@a', [['y']], 'x'), member('y@b', [['x'], ['z']], 'y')]
  assert.equal(away([], circle), [])
  assert.equal(away(['z'], circle), ['x', 'x@a', 'y', 'y@b', 'z'])
})

test('whatever holds for one of two definitions of a member counts', () => {
  const both = [member('x@a', [['old']]), member('x@a', [['young']])]
  assert.ok(away(['old'], both).includes('x@a'))
  assert.ok(away(['young'], both).includes('x@a'))
})

test('a dead host takes what stands on it, and ids of its own that no member provides', () => {
  const members = [...carried, member('far@b', [['net:bare@a']])]
  assert.equal([...(hostLosses(members).get('a') ?? [])].toSorted(), [
    'interfaces@a',
    'net:bare@a',
    'net:cluster@a',
    'net:other@a',
    'net:public@a',
    'quorum@a',
    'vpn@a',
  ])
})

test.run()
