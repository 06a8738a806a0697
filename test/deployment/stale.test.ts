/** A deployer that stops, and goes on once another run has taken over: whatever it was about to write, it writes nothing any more. */
import { readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Rendering } from '../../scripts/lib/bundle/rendering.ts'
import { FailureError } from '../../scripts/lib/failure.ts'
import type { Connect } from '../../scripts/lib/deployment/remote.ts'
import { between } from './between.ts'
import { disturbed } from './disturbance.ts'
import { differences, remainsOn, stateOf, timersOn } from './remains.ts'
import { smallRendering } from './small-lab.ts'
import { hosts, leaseSeconds, other, sides, startWatchedLab, type Side, type WatchedLab } from './watched-lab.ts'

const test = suite<{ lab: WatchedLab }>('a stale deployer')

test.before(async (context) => {
  context.lab = await startWatchedLab(100)
})
test.after(async ({ lab }) => {
  await lab.close()
})

interface Situation {
  /** Before this message it stops. */
  readonly verb: string
  /** What the hosts have to be like, so that a run sends it. */
  readonly prepare?: (lab: WatchedLab, now: Side) => Promise<void>
  /** What is deployed; the other side where it is not given. */
  readonly target?: (now: Side) => Rendering
}

const ordinary = ['fence', 'open', 'put', 'stage', 'arm', 'activate', 'confirm', 'lease renew', 'prune', 'lease drop']
const situations: readonly Situation[] = [
  ...ordinary.map((verb) => ({ verb })),
  { verb: 'revert', target: (now) => asking(other(now), 'missing.service') },
  { verb: 'record', target: (now) => asking(now, 'web') },
  { verb: 'discard', prepare: leaveOpen },
  { verb: 'settle', prepare: leaveUnsettled },
]

for (const { verb, prepare, target = theOther } of situations) {
  test(`woken before its ${verb} it writes nothing, and whoever took over goes on`, async ({ lab }) => {
    const { bench, clock } = lab
    const now = lab.sideOf('n1') as Side
    await prepare?.(lab, now)
    const stale = stopping(bench.connect, verb)
    const woken = bench.deploy(target(now), { connect: stale.connect, clock, leaseSeconds })
    await stale.stopped
    await untilItMayBeTakenOver(lab)
    const successor = stopping(bench.connect, 'look')
    const side = other(lab.sideOf('n1') as Side)
    const taken = bench.deploy(sides[side], { connect: successor.connect, clock, leaseSeconds })
    await Promise.race([successor.stopped, taken])
    const before = everything(lab)
    stale.wake()
    const { exit } = await woken
    const written = differences(before, everything(lab))
    successor.wake()
    const outcome = await taken
    assert.equal(written, [])
    // All was done where only the lease was left to give back.
    assert.is(exit === 0, verb === 'lease drop', `exit ${exit}`)
    assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
    for (const host of hosts) {
      assert.equal([lab.sideOf(host), ...remainsOn(bench.lab.folder(host))], [side])
    }
  })
}

function theOther(now: Side): Rendering {
  return sides[other(now)]
}

test('woken between two nodes’ leases it takes nothing over from whoever has got the first one since', async ({
  lab,
}) => {
  const { bench, clock } = lab
  // As after a run that came no further than n3: its number there is above all others.
  writeFileSync(join(bench.lab.folder('n3'), 'var/lib/quorate/fence'), '900 t\n')
  const stale = stopping(bench.connect, 'lease take', 'n3')
  const side = other(lab.sideOf('n1') as Side)
  const woken = bench.deploy(sides[side], { connect: stale.connect, clock, leaseSeconds })
  await stale.stopped
  await untilItMayBeTakenOver(lab)
  const away: Connect = (host, way) => (host === 'n3' ? Promise.reject(lost) : bench.connect(host, way))
  const successor = stopping(away, 'look')
  const without = { without: ['n3'], acceptOutage: ['web'] }
  const taken = bench.deploy(sides[side], { connect: successor.connect, clock, leaseSeconds, ...without })
  await Promise.race([successor.stopped, taken])
  stale.wake()
  const { exit } = await woken
  successor.wake()
  const outcome = await taken
  assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
  assert.is(exit, 5)
  assert.is((await bench.deploy(sides[side])).exit, 0)
})

const lost = new FailureError({ what: 'away', where: 'n3', now: '-', next: '-' }, 4)

/** The hosts' whole state, with the time of every file. */
function everything({ bench: { lab } }: WatchedLab) {
  return new Map(
    hosts.flatMap((host) => [...stateOf(lab.folder(host))].map(([path, is]) => [`${host}:${path}`, is] as const)),
  )
}

/** A deployer's connections. From the first message of this verb on, to any host or to one, nothing goes out until it is woken. */
function stopping(connect: Connect, verb: string, host: string | null = null) {
  let isStopped = false
  let stop = () => {}
  let wake = () => {}
  const stopped = new Promise<void>((resolve) => (stop = resolve))
  const awake = new Promise<void>((resolve) => (wake = resolve))
  return {
    stopped,
    wake,
    connect: between(connect, async (message, send) => {
      if (message.verb === verb && (host === null || message.host === host)) isStopped = true
      if (isStopped) {
        stop()
        await awake
      }
      return send()
    }),
  }
}

async function untilItMayBeTakenOver({ bench: { lab } }: WatchedLab): Promise<void> {
  await lab.clock.sleep((leaseSeconds + 1) * 1000)
  while (hosts.some((host) => timersOn(lab.folder(host)).length > 0)) await lab.clock.sleep(5000)
}

/** The side's files, with another probe in the manifest. */
function asking(side: Side, asks: string): Rendering {
  return smallRendering({ body: side, tells: 'restart', more: side === 'two', asks })
}

async function leaveOpen(lab: WatchedLab, now: Side): Promise<void> {
  const at = { host: 'n1', verb: 'put', nth: 1 }
  await disturbed(lab, { kind: 'fault', fault: 'killed', when: 'before', at }, sides[other(now)])
  await untilItMayBeTakenOver(lab)
}

/** As after a power cut between the confirmation and what is written down of it. */
function leaveUnsettled({ bench: { lab } }: WatchedLab): Promise<void> {
  const folder = join(lab.folder('n1'), 'var/lib/quorate/generations')
  const last = join(folder, readdirSync(folder).toSorted().at(-1) ?? '')
  renameSync(join(last, 'done'), join(last, 'confirmed'))
  return Promise.resolve()
}

test.run()
