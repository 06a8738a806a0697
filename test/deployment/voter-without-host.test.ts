/** A voter that stands on no host of ours: counted where the others are well, and never asked itself. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Group, Member } from '../../renderers/renderer.ts'
import type { Bundle } from '../../scripts/lib/bundle/rendering.ts'
import { belowMinimum, healthOf, notWhole, viewOf } from '../../scripts/lib/deployment/groups.ts'
import { present } from '../../scripts/lib/deployment/present.ts'
import type { Session } from '../../scripts/lib/deployment/session.ts'

const member = (id: string, host: string): Member => ({ id, host, votes: 1, needs: [], provides: [], up: [] })
const device = member('device@far', '')
const quorum: Group = {
  id: 'quorum',
  kind: 'quorum',
  minimum: 2,
  soakSeconds: 0,
  members: [member('vote@a', 'a'), member('vote@b', 'b'), device],
  agree: [],
}
const bundles = Object.fromEntries(['a', 'b'].map((host) => [host, { host, groups: [quorum] } as unknown as Bundle]))
const world = { before: bundles, after: bundles, updated: () => false, begun: () => false, completed: () => false }
const nobody = null as unknown as Session
const well = {
  down: new Map<string, string>(),
  away: new Map<string, string>(),
  disagree: [],
  common: new Map<string, string>(),
}

test('it is in the view of its group, and nobody is called for it', async () => {
  const view = viewOf('quorum', world)!
  assert.equal(
    view.members.map(({ id }) => id),
    ['vote@a', 'vote@b', 'device@far'],
  )
  const health = await healthOf({ ...view, members: [device] }, nobody, new Set())
  assert.is(notWhole({ ...view, members: [device] }, health, new Set()), null)
})

test('with a node lost it makes up the majority, and where a step takes it away it does not', () => {
  const lost = new Set(['b'])
  const view = present(viewOf('quorum', world)!, { missing: [], gone: [], lost })
  const health = { ...well, down: new Map([['vote@b', 'counted as lost']]) }
  assert.is(belowMinimum(view, health, []), null)
  assert.is(belowMinimum(view, health, ['device@far']), 'quorum would be left with 1, and needs 2')
  assert.is(belowMinimum(view, health, ['vote@a']), 'quorum would be left with 1, and needs 2')
})

test.run()
