import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Event } from '../../scripts/lib/deployment/event.ts'
import type { Outcome } from '../../scripts/lib/deployment/outcome.ts'
import { deploymentLines, outcomeText } from '../../scripts/lib/review/deployment-text.ts'

const now = () => Date.UTC(2026, 0, 1, 21, 4, 11)
const rollout = { format: 1, digest: '3f9c2ab1'.padEnd(64, '0'), lab: 'lab', waves: [] } as const
const at = { step: 1, steps: 5, hosts: ['pve3'], takingBack: false } as const
const events: readonly Event[] = [
  { kind: 'inspected', hosts: ['pve1', 'pve2', 'pve3'], away: [], drifted: 0 },
  { kind: 'lease', hosts: ['pve1', 'pve2', 'pve3'], fence: 41, seconds: 600 },
  { kind: 'planned', rollout, steps: 5 },
  { kind: 'phase', ...at, phase: 'staged', detail: '1 file' },
  { kind: 'phase', ...at, phase: 'validated', detail: 'keepalived accepts it' },
  { kind: 'phase', ...at, phase: 'gated', detail: 'corosync whole' },
  { kind: 'phase', ...at, phase: 'armed', detail: '25 s' },
  { kind: 'phase', ...at, phase: 'activated', detail: 'reload keepalived.service' },
  { kind: 'failed', ...at, why: 'corosync@pve2 is not a member' },
  { kind: 'reverted', step: 1, steps: 5, host: 'pve3', detail: 'reverted by the deployer' },
  { kind: 'waiting', detail: 'all groups are whole' },
]

const expected = `21:04:11  inspect   3 hosts · no drift
21:04:11  lease     held on pve1 pve2 pve3, fence 41, until 21:14
21:04:11  pve3      1/5 staged 1 file · keepalived accepts it · gate ok (corosync whole) · revert armed, 25 s
21:04:11  pve3      1/5 reload keepalived.service
21:04:11  pve3      1/5 failed: corosync@pve2 is not a member
21:04:11  pve3      1/5 reverted by the deployer
21:04:11            all groups are whole
`

test('a rollout reads as one line per step and turn, and what had happened before a failure is not lost', () => {
  const text = deploymentLines({ now, groups: false })
  assert.is(events.map((event) => text.lines(event)).join('') + text.close(), expected)
})

test('on GitHub the rollout is a group that is closed', () => {
  const text = deploymentLines({ now, groups: true })
  const printed = events.map((event) => text.lines(event)).join('') + text.close()
  assert.is(printed.split('::group::rollout 3f9c2ab1, 5 steps\n').length, 2)
  assert.ok(printed.endsWith('::endgroup::\n'))
})

test('what a host says cannot add a line, a colour or a workflow command', () => {
  const text = deploymentLines({ now, groups: true })
  const printed = text.lines({ kind: 'failed', ...at, why: 'a\n::error::b\u001b[31m\u202e' })
  assert.is(printed.split('\n').length, 2)
  assert.not.match(printed, /\u001b|\u202e|\n::/)
})

test('a failure says why, where, what stands and what to do', () => {
  const outcome: Outcome = {
    format: 1,
    lab: 'lab',
    rollout: null,
    commit: null,
    exit: 3,
    hosts: {
      pve1: { outcome: 'unchanged', detail: 'as wanted' },
      pve2: { outcome: 'reverted', detail: 'step 3 taken back' },
    },
    steps: [{ id: 3, outcome: 'reverted', detail: 'x' }],
    failure: { what: 'no address', where: 'step 3', now: 'pve2: reverted by the deployer', next: 'mend it' },
  }
  assert.is(
    outcomeText(outcome, true),
    `error: rolled back: everything this run had changed is as before (exit 3)
  why   no address
  where step 3
  now   pve2: reverted by the deployer
  next  mend it
  pve1  unchanged  as wanted
  pve2  reverted   step 3 taken back
`,
  )
  assert.match(outcomeText({ ...outcome, failure: null, exit: 0 }, true), /^1 unchanged, 1 reverted\n/)
})

test.run()
