/** Steps that would take longer than a watchdog waits: HA is disarmed for each of them, and armed again whatever becomes of it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Rendering } from '../../scripts/lib/bundle/rendering.ts'
import type { Event } from '../../scripts/lib/deployment/event.ts'
import type { Outcome } from '../../scripts/lib/deployment/outcome.ts'
import { FailureError } from '../../scripts/lib/failure.ts'
import { deploymentLines, outcomeText } from '../../scripts/lib/review/deployment-text.ts'
import { assertContract } from '../contracts/contract.ts'
import { startBench, type Bench } from './bench.ts'
import { between } from './between.ts'
import { simulateHa, voting, type Ha } from './ha-lab.ts'
import { smallRendering, web } from './small-lab.ts'

const test = suite<{ bench: Bench; ha: Ha }>('disarming HA')

const hosts = ['n1', 'n2', 'n3']
const one = voting(smallRendering({ body: 'one' }), 30)
const two = voting(smallRendering({ body: 'two' }), 30)
/** Only one host changes, so there is one step. */
const single = (what: Parameters<typeof smallRendering>[0]) => voting(smallRendering({ body: 'one' }, { n1: what }), 30)

test.before.each(async (context) => {
  const bench = await startBench(one, 40, [web])
  assert.is((await bench.deploy(one)).exit, 0)
  bench.events.length = 0
  const lab = join(dirname(bench.lab.folder('n1')), '.lab')
  const roots = Object.fromEntries(hosts.map((host) => [host, bench.lab.folder(host)]))
  Object.assign(context, { bench, ha: simulateHa(join(lab, 'bin'), roots, join(lab, 'ha')) })
})
test.after.each(({ bench }) => bench.close())

const isNoted = (bench: Bench, host: string) => existsSync(join(bench.lab.folder(host), 'var/lib/quorate/ha'))
const content = (bench: Bench, host: string) =>
  readFileSync(join(bench.lab.folder(host), 'etc/web/web.conf'), 'utf8').trim()
const windows = (events: readonly Event[]) => events.flatMap((event) => (event.kind === 'ha' ? [event.ha] : []))
const deadlines = (events: readonly Event[]) =>
  events.flatMap((event) => (event.kind === 'phase' && event.phase === 'armed' ? [event.detail] : []))
const has = (outcome: Outcome) => outcome.steps.map(({ ha }) => ha ?? null)

const lost = () => new FailureError({ what: 'n3 is gone', where: 'n3', now: 'not known', next: '-' }, 4)

/** Nothing of a window is left. */
function assertClosed(bench: Bench, ha: Ha): void {
  assert.is(ha.state, 'armed')
  for (const host of hosts) {
    assert.not.ok(isNoted(bench, host), host)
    const timers = readdirSync(join(bench.lab.folder(host), 'run/sim/timers'))
    assert.equal(
      timers.filter((name) => name.startsWith('quorate-arm-')),
      [],
      host,
    )
  }
}

test('a step that is too slow for the watchdog is carried out with HA disarmed, and each has a window of its own', async ({
  bench,
  ha,
}) => {
  const states: string[] = []
  const outcome = await bench.deploy(two, {
    report: (event) => {
      bench.events.push(event)
      if (event.kind === 'phase' && ['armed', 'activated', 'probed'].includes(event.phase)) states.push(ha.state)
    },
  })
  assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
  assertContract('outcome', outcome)
  for (const host of hosts) assert.is(content(bench, host), 'two')
  assert.equal(new Set(states), new Set(['disarmed']))
  assert.equal(ha.told(), Array.from({ length: 3 }, () => ['disarm-ha freeze', 'arm-ha']).flat())
  assert.equal(windows(bench.events), Array.from({ length: 3 }, () => ['disarmed', 'armed-again']).flat())
  assert.ok(deadlines(bench.events).every((each) => Number.parseInt(each) > 24))
  assert.equal(has(outcome), ['armed-again', 'armed-again', 'armed-again'])
  assertClosed(bench, ha)
  const text = deploymentLines({ now: () => 0, groups: false })
  const lines = bench.events.flatMap((event) => (event.kind === 'ha' ? [text.lines(event)] : []))
  assert.match(
    lines[0] ?? '',
    /^00:00:00 {2}ha {8}1\/3 HA disarmed for this step; n1, n2, n3 arm it again by themselves in \d+ s\n$/,
  )
  assert.is(lines[1], '00:00:00  ha        1/3 HA armed again\n')
})

test('a step that is fast enough leaves HA alone', async ({ bench, ha }) => {
  const outcome = await bench.deploy(voting(smallRendering({ body: 'two' }), 2))
  assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
  assert.equal([ha.told(), windows(bench.events), has(outcome)], [[], [], [null, null, null]])
})

test('after a step that failed HA is armed again, once it is taken back', async ({ bench, ha }) => {
  const outcome = await bench.deploy(single({ body: 'two', asks: 'missing.service' }), {
    report: (event) => {
      bench.events.push(event)
      if (event.kind === 'reverted') assert.is(ha.state, 'disarmed')
    },
  })
  assert.is(outcome.exit, 3, JSON.stringify(outcome.failure))
  assert.is(content(bench, 'n1'), 'one')
  assert.equal(has(outcome), ['armed-again'])
  assertClosed(bench, ha)
})

for (const version of ['5.1.2', null]) {
  test(`with pve-ha-manager ${version} the step is refused, with what to do by hand`, async ({ bench, ha }) => {
    ha.version(version)
    const outcome = await bench.deploy(two)
    assert.is(outcome.exit, 4)
    assert.match(outcome.failure?.what ?? '', /^HA is armed on n1, n2, n3: .* this one needs 45 s \([^;]*\)$/)
    assert.match(outcome.failure?.next ?? '', 'disarm-ha')
    assert.equal([ha.told(), content(bench, 'n1')], [[], 'one'])
  })
}

test('what somebody else has disarmed is used, and stays disarmed', async ({ bench, ha }) => {
  ha.set('disarmed')
  const outcome = await bench.deploy(single({ body: 'two' }))
  assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
  assert.equal([ha.told(), ha.state, has(outcome)], [[], 'disarmed', [null]])
})

test('what somebody else is disarming at this moment is not touched, and the step is refused', async ({
  bench,
  ha,
}) => {
  ha.set('disarming')
  ha.defect('never-disarms', true)
  const outcome = await bench.deploy(single({ body: 'two' }))
  assert.is(outcome.exit, 4, JSON.stringify(outcome.failure))
  assert.match(outcome.failure?.what ?? '', /^HA is armed on n1, n2, n3: [^;]*$/)
  assert.equal([ha.told(), ha.state], [[], 'disarming'])
})

test('what somebody else disarms between note and request stays theirs, and the notes go', async ({ bench, ha }) => {
  const connect = between(bench.connect, ({ call }, send) => {
    if (call.startsWith('disarm-ha')) ha.set('disarmed')
    return send()
  })
  const outcome = await bench.deploy(single({ body: 'two' }), { connect })
  assert.is(outcome.exit, 4, JSON.stringify(outcome.failure))
  assert.match(outcome.failure?.what ?? '', 'HA could not be disarmed for it')
  assert.equal([ha.told(), ha.state], [[], 'disarmed'])
  for (const host of hosts) assert.not.ok(isNoted(bench, host))
})

test('HA that is not disarmed in time is armed again, and the step refused', async ({ bench, ha }) => {
  ha.defect('never-disarms', true)
  const outcome = await bench.deploy(single({ body: 'two' }))
  assert.is(outcome.exit, 4)
  assert.match(outcome.failure?.what ?? '', /after 60 s is still disarming on n1, disarming on n2, disarming on n3$/)
  assert.equal([ha.told().slice(0, 2), content(bench, 'n1')], [['disarm-ha freeze', 'arm-ha'], 'one'])
  assertClosed(bench, ha)
})

test('where one host cannot note it HA is not disarmed, and no note stays', async ({ bench, ha }) => {
  const connect = between(bench.connect, ({ host, call }, send) =>
    host === 'n3' && call.startsWith('note-ha') ? Promise.reject(lost()) : send(),
  )
  const outcome = await bench.deploy(single({ body: 'two' }), { connect })
  assert.is(outcome.exit, 4)
  assert.match(outcome.failure?.what ?? '', /^HA is armed on .*; and HA was not disarmed for it: n3 is gone$/)
  assert.equal([ha.told(), has(outcome)], [[], [null]])
  assertClosed(bench, ha)
})

test('where no host can tell the manager the step is refused, and HA armed: what failed may have been told', async ({
  bench,
  ha,
}) => {
  ha.defect('disarm-fails', true)
  const outcome = await bench.deploy(single({ body: 'two' }))
  assert.is(outcome.exit, 4)
  assert.match(outcome.failure?.what ?? '', /could not be disarmed for it: n2: unable to open file: Permission denied/)
  assert.equal(ha.told(), ['arm-ha'])
  assertClosed(bench, ha)
})

test('a request whose answer is lost counts as made', async ({ bench, ha }) => {
  const connect = between(bench.connect, async ({ call }, send) => {
    const answer = await send()
    if (call.startsWith('disarm-ha')) throw lost()
    return answer
  })
  const outcome = await bench.deploy(single({ body: 'two' }), { connect })
  assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
  assert.equal([ha.told(), has(outcome)], [['disarm-ha freeze', 'arm-ha'], ['armed-again']])
  assertClosed(bench, ha)
})

test('a step is not begun that HA could be armed in the middle of', async ({ bench, ha }) => {
  const connect = between(bench.connect, async ({ call }, send) => {
    const answer = await send()
    if (call.startsWith('disarm-ha')) await bench.lab.clock.sleep(210_000)
    return answer
  })
  const outcome = await bench.deploy(single({ body: 'two' }), { connect })
  assert.is(outcome.exit, 4, JSON.stringify(outcome.failure))
  assert.match(outcome.failure?.what ?? '', 'too slowly')
  assert.is(content(bench, 'n1'), 'one')
  assertClosed(bench, ha)
})

test('steps that could go side by side have HA disarmed one after the other', async ({ bench, ha }) => {
  const apart = (rendering: Rendering): Rendering => ({
    ...rendering,
    hosts: Object.fromEntries(
      Object.values(rendering.hosts).map((bundle) => {
        const groups = bundle.groups.map((group) => ({
          ...group,
          id: `${group.id}-${bundle.host}`,
          minimum: 1,
          members: group.members.filter(({ host }) => host === bundle.host),
        }))
        return [bundle.host, { ...bundle, groups }]
      }),
    ),
  })
  const acceptOutage = hosts.map((host) => `web-${host}`)
  ha.set('disarmed')
  assert.is((await bench.deploy(apart(one), { acceptOutage })).exit, 0)
  ha.set('armed')
  bench.events.length = 0
  const outcome = await bench.deploy(apart(two), { acceptOutage })
  assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
  const planned = bench.events.flatMap((event) => (event.kind === 'planned' ? [event.rollout.waves.length] : []))
  assert.equal(planned, [1])
  assert.equal(ha.told(), Array.from({ length: 3 }, () => ['disarm-ha freeze', 'arm-ha']).flat())
  assertClosed(bench, ha)
})

const stuckText = `error: stopped: a person has to look at this (exit 4)
  why   HA was disarmed, and could not be armed again: n1 refuses to arm-ha: ha-manager does not arm: unable to open file: Permission denied; n2 refuses to arm-ha: ha-manager does not arm: unable to open file: Permission denied; n3 refuses to arm-ha: ha-manager does not arm: unable to open file: Permission denied
  where n1, n2, n3
  now   step 1 is confirmed; as long as HA is disarmed nothing is recovered and no node is fenced, in the whole cluster; n1, n2, n3 will arm it by themselves, within S s, and try every 10 s until it is armed; steps 1 stay: while HA is not seen armed nothing else is touched
  next  see with "ha-manager status" whether HA is armed; where it is not, run "ha-manager crm-command arm-ha" on a node that has quorum
  n1  applied    step 1 confirmed
  n2  unchanged  step 2 not begun
  n3  unchanged  step 3 not begun
`

test('a run that cannot arm HA again ends there and says so, and the hosts go on trying', async ({ bench, ha }) => {
  ha.defect('arm-fails', true)
  const outcome = await bench.deploy(two)
  assertContract('outcome', outcome)
  assert.is(outcomeText(outcome, true).replace(/within \d+ s/, 'within S s'), stuckText)
  assert.equal(has(outcome), ['disarmed', null, null])
  assert.is(ha.state, 'disarmed')
  for (const host of hosts) assert.ok(isNoted(bench, host))
  ha.defect('arm-fails', false)
  const { clock } = bench.lab
  const latest = clock.now() + 400_000
  while (hosts.some((host) => isNoted(bench, host)) && clock.now() < latest) await clock.sleep(1000)
  assertClosed(bench, ha)
})

test('a step that failed, and HA that cannot be armed after it, are told together', async ({ bench, ha }) => {
  ha.defect('arm-fails', true)
  const outcome = await bench.deploy(single({ body: 'two', asks: 'missing.service' }))
  assert.is(outcome.exit, 4)
  assert.match(outcome.failure?.what ?? '', /web is active.*; and HA was disarmed, and could not be armed again/)
  assert.match(outcome.failure?.now ?? '', /n1: reverted by the deployer; as long as HA is disarmed/)
  assert.match(outcome.failure?.next ?? '', /arm-ha.*; then: mend the definition/)
})

for (const at of ['disarm-ha', 'arm', 'confirm', 'arm-ha', 'drop-ha']) {
  test(`a deployer that is killed at "${at}" leaves HA disarmed for as long as its timers take, and the next run arms it first`, async ({
    bench,
    ha,
  }) => {
    const deployer = { dead: false }
    const connect = between(bench.connect, async ({ call }, send) => {
      if (!deployer.dead && call.startsWith(`${at} `)) {
        deployer.dead = true
        if (at === 'disarm-ha') await send()
      }
      return deployer.dead ? new Promise<never>(() => {}) : send()
    })
    void bench.deploy(single({ body: 'two' }), {
      connect,
      leaseSeconds: 20,
      clock: { ...bench.lab.clock, after: () => () => {} },
    })
    while (!deployer.dead) await bench.lab.clock.sleep(500)
    const events: Event[] = []
    const report = (event: Event) => {
      if (event.kind === 'recovered' && event.detail.startsWith('generation')) assert.is(ha.state, 'armed')
      events.push(event)
    }
    assert.ok(isNoted(bench, 'n1'))
    let next = await bench.deploy(one, { report })
    while (next.exit === 5) {
      await bench.lab.clock.sleep(2000)
      next = await bench.deploy(one, { report })
    }
    assert.is(next.exit, 0, JSON.stringify(next.failure))
    const found = events.flatMap((event) => (event.kind === 'recovered' ? [`${event.host}: ${event.detail}`] : []))
    assert.match(found[0] ?? '', /^n1: HA was disarmed by an earlier run for its step 000002-s0001: armed again$/)
    assert.is(ha.state, 'armed')
    assertClosed(bench, ha)
  })
}

test('a deployer that is killed in the window, and never comes back: the hosts arm HA by themselves', async ({
  bench,
  ha,
}) => {
  const deployer = { dead: false }
  const connect = between(bench.connect, ({ call }, send) => {
    if (call.startsWith('activate ')) deployer.dead = true
    return deployer.dead ? new Promise<never>(() => {}) : send()
  })
  void bench.deploy(single({ body: 'two' }), { connect })
  const { clock } = bench.lab
  while (!deployer.dead) await clock.sleep(500)
  assert.is(ha.state, 'disarmed')
  const latest = clock.now() + 400_000
  while (hosts.some((host) => isNoted(bench, host)) && clock.now() < latest) await clock.sleep(1000)
  assertClosed(bench, ha)
  assert.is(content(bench, 'n1'), 'one')
})

test('a host that loses its power in the window arms HA when it is back', async ({ bench, ha }) => {
  const { lab } = bench
  const off: Promise<void>[] = []
  const outcome = await bench.deploy(single({ body: 'two' }), {
    report: (event) => {
      if (event.kind === 'phase' && event.phase === 'activated') {
        ha.defect('arm-fails', true)
        off.push(lab.node('n1').kill())
      }
    },
  })
  assert.is(outcome.exit, 4, JSON.stringify(outcome.failure))
  await Promise.all(off)
  ha.defect('arm-fails', false)
  // The others would, too, in their time.
  const before = lab.clock.now()
  await lab.node('n1').boot()
  while (isNoted(bench, 'n1') && lab.clock.now() < before + 100_000) await lab.clock.sleep(500)
  assert.is(ha.state, 'armed')
  assert.not.ok(isNoted(bench, 'n1'))
  assert.is(content(bench, 'n1'), 'one')
})

test('a run that only looks says that HA is disarmed, and does nothing about it', async ({ bench, ha }) => {
  ha.defect('arm-fails', true)
  assert.is((await bench.deploy(single({ body: 'two' }))).exit, 4)
  const told = ha.told().length
  bench.events.length = 0
  await bench.deploy(one, { apply: false })
  const waits = bench.events.flatMap((event) => (event.kind === 'waiting' ? [event.detail] : []))
  assert.match(waits[0] ?? '', /n1: HA is disarmed, and armed again from there in \d+ s/)
  assert.is(ha.told().length, told)
  const next = await bench.deploy(one)
  assert.is(next.exit, 4)
  assert.match(next.failure?.what ?? '', 'could not be armed again')
})

test.run()
