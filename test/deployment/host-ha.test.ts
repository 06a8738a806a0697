/** HA disarmed for a step, on one host: the real host side over a folder. Whatever ends it, HA is armed again. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FailureError } from '../../scripts/lib/failure.ts'
import { hostScript } from '../../scripts/lib/deployment/host-side.ts'
import { inspect } from '../../scripts/lib/deployment/inspect.ts'
import { simulateHa, type Ha } from './ha-lab.ts'
import { localHost, type LocalHost } from './local-host.ts'

interface Node {
  readonly host: LocalHost
  readonly ha: Ha
}

const test = suite<Node>('HA on a host')

const step = '000001-s0002'
const script = [['script', Buffer.from(hostScript).toString('base64')]]
const nothing = { paths: [], needs: [], serials: [] }

async function freshNode(): Promise<Node> {
  const host = await localHost()
  const base = dirname(host.root)
  // Nobody waits for what is tried again.
  host.replace('sleep', 'exec /bin/sleep 0.05')
  return { host, ha: simulateHa(join(base, 'bin'), { host: host.root }, join(base, 'ha')) }
}

const write = ({ host }: Node, [word, ...words]: readonly string[], input: readonly (readonly string[])[] = []) =>
  host.session.write('host', `${word}-ha`, words, input, 60_000)
const note = (node: Node, of = step) => write(node, ['note', of, '300'], script)
const disarm = (node: Node) => write(node, ['disarm', step, '200'])
const timer = ({ host }: Node, of = step) => host.session.ask('host', 'timer-ha', [of], [], 60_000)
const looked = ({ host }: Node) => inspect('host', host.session, nothing)
const isNoted = ({ host }: Node) => host.read('/var/lib/quorate/ha') !== null

const refusal = (does: Promise<unknown>): Promise<string> =>
  does.then(
    () => 'it was done',
    (error: unknown) => {
      assert.instance(error, FailureError)
      return (error as FailureError).failure.what
    },
  )

/** From now on what systemd-run is given is only written down: its words, one call a line. */
function watchSystemdRun({ host }: Node): () => readonly string[] {
  const log = join(dirname(host.root), 'systemd-run')
  host.replace('systemd-run', `echo "$*" >>'${log}'`)
  return () => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(0, -1) : [])
}

/** What systemd does after a power cut: the guard at boot, then the timers that it started. */
async function boot(node: Node): Promise<void> {
  const before = watchSystemdRun(node)().length
  await node.host.session.ask('host', 'guard', [], [], 60_000)
  for (const line of watchSystemdRun(node)().slice(before)) {
    const of = / timer-ha (\S+)$/.exec(line)?.[1]
    if (of !== undefined) await timer(node, of)
  }
}

test.before.each(async (context) => {
  Object.assign(context, await freshNode())
})
test.after.each(({ host }) => host.close())

test('before HA is disarmed there is a note that lasts, a timer that tries for as long as it takes, and the guard', async (node) => {
  const started = watchSystemdRun(node)
  await note(node)
  const words = ['--unit=quorate-arm-000001-s0002', '--on-active=300', 'Restart=on-failure', `timer-ha ${step}`]
  for (const word of words) assert.match(started()[0] ?? '', word)
  assert.ok(isNoted(node))
  assert.is(node.host.read('/var/lib/quorate/host.sh'), hostScript)
  assert.match(node.host.read('/etc/systemd/system/quorate-guard.service') ?? '', 'host.sh guard')
  assert.equal(node.ha.told(), [])
  await disarm(node)
  assert.equal(node.ha.told(), ['disarm-ha freeze'])
  const { rearm } = await looked(node)
  assert.is(rearm?.step, step)
  assert.ok((rearm?.leftSeconds ?? 0) > 280)
})

test('without its own note a host neither disarms nor arms', async (node) => {
  assert.match(await refusal(disarm(node)), 'there is no note here')
  await note(node, '000001-s0001')
  assert.match(await refusal(disarm(node)), 'there is no note here')
  node.ha.set('disarmed')
  await write(node, ['arm', step])
  await timer(node)
  assert.equal([node.ha.told(), node.ha.state], [[], 'disarmed'])
})

test('a run that another one has taken over from tells HA nothing', async (node) => {
  await note(node)
  node.host.session.setFence(0)
  for (const word of ['note', 'disarm', 'arm', 'drop', 'forget'])
    assert.match(await refusal(write(node, [word, step, '1'], script)), 'another run has taken over')
  assert.equal(node.ha.told(), [])
  assert.ok(isNoted(node))
})

for (const state of ['disarming', 'disarmed'] as const) {
  test(`what somebody else is about to do (${state}) is not touched`, async (node) => {
    node.ha.set(state)
    node.ha.defect('never-disarms', true)
    assert.match(await refusal(note(node)), `HA is ${state}`)
    assert.not.ok(isNoted(node))
    node.ha.set('armed')
    await note(node)
    node.ha.set(state)
    assert.match(await refusal(disarm(node)), `HA is ${state}`)
    await write(node, ['forget', step])
    await boot(node)
    assert.equal([node.ha.told(), node.ha.state], [[], state])
  })
}

test('a version before 5.1.3, and one that is not known, is not asked to disarm', async (node) => {
  for (const version of ['5.1.2', '4.0.7', '5.1.3~rc1', null]) {
    node.ha.version(version)
    assert.is((await looked(node)).canDisarm, false, String(version))
    assert.match(await refusal(note(node)), 'older than 5.1.3')
  }
  for (const version of ['5.1.3', '5.2.0', '10.0.0']) {
    node.ha.version(version)
    assert.is((await looked(node)).canDisarm, true, version)
  }
})

test('a host without quorum does not disarm, and does not count as one that saw HA armed', async (node) => {
  await note(node)
  node.ha.defect('no-quorum', true)
  assert.match(await refusal(disarm(node)), 'no quorum')
  assert.match(await refusal(write(node, ['drop', step])), 'HA is armed, quorate no')
  assert.ok(isNoted(node))
})

test('what is short of time does not disarm', async (node) => {
  await write(node, ['note', step, '150'], script)
  assert.match(await refusal(disarm(node)), 'and 200 s are needed')
})

test('the note goes when HA is seen armed, not before', async (node) => {
  await note(node)
  await disarm(node)
  assert.match(await refusal(write(node, ['drop', step])), 'HA is disarm')
  await write(node, ['arm', step])
  assert.ok(isNoted(node))
  await write(node, ['drop', step])
  assert.not.ok(isNoted(node))
  assert.ok(node.host.told().includes(`stop quorate-arm-${step}.timer`))
})

test('the timer tries until HA is armed', async (node) => {
  await note(node)
  await disarm(node)
  node.ha.defect('arm-fails', true)
  const armed = timer(node)
  await new Promise((resolve) => setTimeout(resolve, 500))
  assert.ok(isNoted(node))
  assert.is.not(node.ha.state, 'armed')
  node.ha.defect('arm-fails', false)
  await armed
  assert.equal([node.ha.state, isNoted(node)], ['armed', false])
})

test('the timer of a step that is over leaves the next one alone', async (node) => {
  await note(node, '000001-s0001')
  await note(node)
  await disarm(node)
  await timer(node, '000001-s0001')
  assert.ok(isNoted(node))
  assert.equal(node.ha.told(), ['disarm-ha freeze'])
})

test('after a reboot HA is armed as soon as it can be', async (node) => {
  await note(node)
  await disarm(node)
  const started = watchSystemdRun(node)
  await boot(node)
  assert.match(started()[0] ?? '', '--on-active=5 ')
  assert.match(started()[0] ?? '', '--property=DefaultDependencies=no')
  assert.equal([node.ha.state, isNoted(node)], ['armed', false])
})

test('a request to disarm that hangs is not overtaken by the one to arm', async (node) => {
  await note(node)
  writeFileSync(join(dirname(node.host.root), 'ha/slow'), '')
  node.host.replace('sleep', 'exec /bin/sleep "$@"')
  const slow = disarm(node)
  await new Promise((resolve) => setTimeout(resolve, 300))
  await Promise.all([slow, timer(node)])
  assert.is(node.ha.told()[0], 'disarm-ha freeze')
  assert.is(node.ha.told().at(-1), 'arm-ha')
  assert.is(node.ha.state, 'armed')
})

/** Kills the host side at every call of it that changes something, and says what stands after the next boot. */
async function killedAnywhere(does: (node: Node) => Promise<unknown>, before: (node: Node) => Promise<unknown>) {
  let kills = 0
  for (let call = 1, killed = true; killed; call += 1) {
    const each = await freshNode()
    try {
      await before(each)
      each.host.killAt(call)
      await does(each).catch((error: unknown) => assert.instance(error, FailureError))
      killed = each.host.wasKilled()
      each.host.killAt(10_000)
      if (killed) kills += 1
      await boot(each)
      assert.is(each.ha.state, 'armed', `killed at call ${call}`)
      assert.not.ok(isNoted(each), `killed at call ${call}`)
      assert.not.ok(
        each.ha.told().some((line) => line.startsWith('no note')),
        `killed at call ${call}`,
      )
    } finally {
      each.host.close()
    }
  }
  return kills
}

test('killed anywhere between note and drop, HA is armed after the next boot', async () => {
  const all = async (each: Node) => {
    await note(each)
    await disarm(each)
    await write(each, ['arm', step])
    await write(each, ['drop', step])
  }
  assert.ok((await killedAnywhere(all, () => Promise.resolve())) > 20)
})

test('killed anywhere while it arms by itself, HA is armed after the next boot', async () => {
  const disarmed = async (each: Node) => {
    await note(each)
    await disarm(each)
  }
  assert.ok((await killedAnywhere((each) => timer(each), disarmed)) > 2)
  assert.ok((await killedAnywhere((each) => each.host.session.ask('host', 'guard', [], [], 60_000), disarmed)) > 0)
})

test.run()
