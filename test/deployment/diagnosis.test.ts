import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { diagnosis } from '../../scripts/lib/deployment/diagnosis.ts'
import type { GroupHealth, GroupView } from '../../scripts/lib/deployment/groups.ts'
import { ownView } from '../../scripts/lib/deployment/own-view.ts'

const hosts = ['a', 'b', 'c']
const well: GroupHealth = { down: new Map(), away: new Map(), disagree: [], common: new Map() }
const gone = 'b cannot be reached: 192.0.2.2: no answer within 10 s'

function view(id: string): GroupView {
  const members = hosts.map((host) => ({ id: `${id}@${host}`, host, votes: 1, needs: [], provides: [], up: [] }))
  return { group: { id, kind: 'pool', minimum: 2, soakSeconds: 0, members, agree: [] }, members }
}

/** b is away, and the others miss it. */
const missing = (id: string) =>
  [
    view(id),
    {
      ...well,
      away: new Map([['b', gone]]),
      down: new Map([
        [`${id}@a`, 'a does not reach b'],
        [`${id}@b`, gone],
      ]),
      disagree: [`the members of ${id}: not the same everywhere`],
    },
  ] as const

const own = [ownView('b', []), { ...well, away: new Map([['b', gone]]), down: new Map([['b', gone]]) }] as const

test('a host that is away is said once, and then which groups are not whole', () => {
  const found = diagnosis([own], [missing('vpn'), missing('votes')], new Set())
  assert.is(found?.text, `${gone}; and 2 more: vpn, votes not whole`)
  assert.is(found?.text.split('cannot be reached').length, 2)
})

test('the full list holds every fault once', () => {
  const found = diagnosis([own], [missing('vpn')], new Set())
  assert.equal(found?.faults, [
    gone,
    'vpn@a: a does not reach b',
    `vpn@b: ${gone}`,
    'the members of vpn: not the same everywhere',
  ])
})

test('a written host’s own probe comes before what follows from it', () => {
  const failed = [ownView('b', []), { ...well, down: new Map([['b', 'vpn is active: failed']]) }] as const
  const group = [view('vpn'), { ...well, down: new Map([['vpn@a', 'a does not reach b']]) }] as const
  assert.is(diagnosis([failed], [group], new Set())?.text, 'vpn is active: failed; and 1 more: vpn not whole')
})

test('without either the first group that is not whole is told of', () => {
  const group = [view('vpn'), { ...well, down: new Map([['vpn@a', 'a does not reach b']]) }] as const
  const other = [view('votes'), { ...well, disagree: ['the ring id: not the same everywhere'] }] as const
  const found = diagnosis([], [group, other], new Set())
  assert.is(found?.text, 'vpn@a: a does not reach b; and 1 more: votes not whole')
})

test('more than three causes are counted', () => {
  const down = new Map(['1', '2', '3', '4', '5'].map((name) => [name, `${name} fails`]))
  const members = [...down.keys()].map((host) => ({ ...ownView(host, []).members[0]! }))
  const many = [
    { ...view('vpn'), members },
    { ...well, down },
  ] as const
  assert.is(diagnosis([many], [], new Set())?.text, '1 fails; 2 fails; 3 fails; and 2 faults more')
})

test('hosts that count as lost are no fault, and where all is well there is none', () => {
  const lone = [view('vpn'), { ...well, away: new Map([['b', gone]]), down: new Map([['vpn@b', gone]]) }] as const
  assert.is(diagnosis([], [lone], new Set(['b'])), null)
  assert.is(diagnosis([], [[view('vpn'), well]], new Set()), null)
})

test.run()
