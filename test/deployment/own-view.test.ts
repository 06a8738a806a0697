import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Act } from '../../renderers/renderer.ts'
import { unitActive } from '../../renderers/unit-active.ts'
import type { Event } from '../../scripts/lib/deployment/event.ts'
import { pick } from '../../scripts/lib/deployment/groups.ts'
import { ownView } from '../../scripts/lib/deployment/own-view.ts'
import { fault } from '../../scripts/lib/deployment/probe.ts'
import { startBench, type Bench } from './bench.ts'
import { smallRendering, web } from './small-lab.ts'

const acts = (...does: readonly ('enable' | 'start' | 'reload' | 'restart' | 'stop')[]): readonly Act[] =>
  does.map((act) => ({ unit: 'x.service', do: act }))

const asked = suite('what a host is asked of the units that were told something')

asked('of a unit that was started, restarted or reloaded it is asked once whether it is up', () => {
  for (const told of [acts('start'), acts('restart'), acts('reload'), acts('enable', 'start', 'reload')]) {
    const { group, members } = ownView('a', [], told)
    assert.is(members[0]?.up.length, 2)
    assert.is(group.agree.length, 1)
    assert.is(group.soakSeconds, 12)
  }
})

asked('of one that was enabled or stopped nothing is asked, and nothing is waited for', () => {
  const { group, members } = ownView('a', [], [...acts('enable', 'stop'), { run: ['corosync-cfgtool', '-R'] }])
  assert.equal([members[0]?.up, group.agree, group.soakSeconds], [[], [], 0])
})

asked('where the part’s own probe wants it to be active it is not asked twice', () => {
  const { group, members } = ownView('a', [unitActive('x.service', 10)], acts('restart'))
  assert.equal([members[0]?.up.length, group.agree.length, group.soakSeconds], [1, 1, 12])
  assert.is(ownView('a', [unitActive('y.service', 10)], acts('restart')).members[0]?.up.length, 3)
})

asked('on a bare host it only has to be up', () => {
  const { group, members } = ownView('a', [], acts('start'), true)
  assert.equal([members[0]?.up.length, group.agree, group.soakSeconds], [2, [], 0])
})

/** In the order in which systemd 252 prints them. */
const said = (type: string, active: string, condition = 'yes') =>
  `${type === '' ? '' : `Type=${type}\n`}ActiveState=${active}\nConditionResult=${condition}\nInvocationID=1f\n`

const states: readonly (readonly [what: string, failed: number, state: string, shown: string, well: boolean])[] = [
  ['a daemon that runs', 1, 'active', said('notify', 'active'), true],
  ['one that reads its files anew', 1, 'reloading', said('notify', 'reloading'), true],
  ['a timer', 1, 'active', said('', 'active'), true],
  ['one that failed', 0, 'failed', said('simple', 'failed'), false],
  ['one that waits to be started again', 1, 'activating', said('simple', 'activating'), false],
  ['one that ended by itself', 1, 'inactive', said('simple', 'inactive'), false],
  ['a oneshot that is over', 1, 'inactive', said('oneshot', 'inactive'), true],
  ['one whose condition is not met', 1, 'inactive', said('notify', 'inactive', 'no'), true],
  ['nobody’s unit', 1, 'inactive', 'ActiveState=inactive\n', false],
]
for (const [what, exit, state, shown, well] of states) {
  asked(`${what} is ${well ? '' : 'not '}well`, () => {
    const answers = [
      { exit, stdout: `${state}\n`, stderr: '' },
      { exit: 0, stdout: shown, stderr: '' },
    ]
    const up = ownView('a', [], acts('start')).members[0]?.up ?? []
    const faults = up.flatMap((probe, index) => fault(probe, answers[index]!) ?? [])
    assert.is(faults.length === 0, well, faults.join('\n'))
  })
}

asked('another invocation is another run', () => {
  const [run] = ownView('a', [], acts('start')).group.agree
  assert.is(pick(run!, { exit: 0, stdout: said('notify', 'active'), stderr: '' }), 'InvocationID=1f')
})
asked.run()

const one = smallRendering({ body: 'one' })
const two = smallRendering({ body: 'two' })

const stable = suite<{ bench: Bench }>('a unit that does not stay up')
stable.before.each(async (context) => {
  context.bench = await startBench(one, 20, [web])
  assert.is((await context.bench.deploy(one)).exit, 0)
})
stable.after.each(async ({ bench }) => {
  await bench.close()
})

/** Deploys, and once the first step is activated changes what systemd says of its unit, as often as told, a while apart. */
async function struck(bench: Bench, change: (state: string) => string, times = 1) {
  const blows: Promise<void>[] = []
  const report = (event: Event) => {
    if (event.kind !== 'phase' || event.phase !== 'activated' || event.takingBack || event.step !== 1) return
    const state = join(bench.lab.folder(event.hosts[0] ?? ''), 'run/sim/units/web.service')
    blows.push(
      (async () => {
        for (let blow = 0; blow < times; blow += 1) {
          await bench.lab.clock.sleep(8000)
          if (existsSync(state)) writeFileSync(state, change(readFileSync(state, 'utf8')))
        }
      })(),
    )
  }
  const outcome = await bench.deploy(two, { report })
  await Promise.all(blows)
  return outcome
}

stable('dies later than the group’s soak: the step is taken back, and says which unit', async ({ bench }) => {
  const outcome = await struck(bench, (state) => state.replace('ActiveState=active', 'ActiveState=failed'))
  assert.is(outcome.exit, 3, JSON.stringify(outcome.failure))
  assert.match(
    outcome.failure?.what ?? '',
    'did not stay well: web is active: systemctl is-active web.service exited with 3 (failed)',
  )
})

stable('is started again and again by systemd: the step is taken back, and says which unit', async ({ bench }) => {
  let run = 0
  const outcome = await struck(bench, (state) => state.replace(/InvocationID=.*/, `InvocationID=${(run += 1)}`), 8)
  assert.is(outcome.exit, 3, JSON.stringify(outcome.failure))
  assert.match(
    outcome.failure?.what ?? '',
    /did not hold still: during the soak of 12 s the run of web.service of n\d changed/,
  )
})

stable('stays up: the step is confirmed', async ({ bench }) => {
  const outcome = await struck(bench, (state) => state)
  assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
})
stable.run()
