/** The host side of a step whose hosts change in turn, on the one that is stopped while another changes. */
import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { inspect } from '../../scripts/lib/deployment/inspect.ts'
import { HostRefusal } from '../../scripts/lib/deployment/session.ts'
import { stage, type Stage } from '../../scripts/lib/deployment/stage.ts'
import { localHost, manifest, type LocalHost } from './local-host.ts'

const test = suite<{ host: LocalHost }>('host side in lockstep')
const sha = (content: string) => createHash('sha256').update(content).digest('hex')

const wanted: Stage = {
  host: 'host',
  generation: 'g1',
  files: [
    {
      path: '/etc/web/web.conf',
      mode: '0644',
      owner: 'root:root',
      store: 'disk',
      expect: sha('old\n'),
      op: 'put',
      hash: sha('new\n'),
      renderHash: sha('rendered'),
      source: Buffer.from('new\n'),
      serial: null,
    },
  ],
  acts: [{ unit: 'web.service', do: 'start' }],
  copied: [],
  inTurn: { first: [{ unit: 'web.service', do: 'stop' }] },
  record: { manifest, deployed: '{"commit":null}\n' },
}

const call = (host: LocalHost, verb: string, ...args: string[]) => host.session.write('host', verb, args, [], 60_000)
const unfenced = (host: LocalHost, verb: string, ...args: string[]) => host.session.ask('host', verb, args, [], 60_000)
const file = (host: LocalHost) => host.read('/etc/web/web.conf')?.trim()
const state = async (host: LocalHost) =>
  (await inspect('host', host.session, { paths: [], needs: [], serials: [] })).generations[0]?.state

/** What the unit was told since, with what its file held then. */
const log = `case $1 in is-active | is-enabled) exit 0 ;; *web.service) ;; esac
read -r held <"$QUORATE_ROOT/etc/web/web.conf"
echo "$* $held" >>"$QUORATE_ROOT/said"`
const said = (host: LocalHost) =>
  (host.read('/said') ?? '').split('\n').filter((line) => /^(--no-block )?(start|stop) web/.test(line))

test.before.each(async (context) => {
  const host = await localHost()
  context.host = host
  host.write('/etc/web/web.conf', 'old\n')
  host.replace('systemctl', log)
  await stage(host.session, wanted)
  await call(host, 'arm', 'g1', '600')
})
test.after.each(({ host }) => host.close())

test('the unit is stopped before the file changes, and started after it; not without having been stopped', async ({
  host,
}) => {
  const error = await call(host, 'activate', 'g1').catch((thrown: unknown) => thrown)
  assert.instance(error, HostRefusal)
  assert.is(file(host), 'old')
  await call(host, 'begin', 'g1')
  assert.is(file(host), 'old')
  await call(host, 'activate', 'g1')
  assert.equal(said(host), ['stop web.service old', 'start web.service new'])
})

test('taken back after the stop, the unit starts with the old file', async ({ host }) => {
  await call(host, 'begin', 'g1')
  await unfenced(host, 'timer', 'g1')
  assert.is(await state(host), 'reverted')
  assert.is(said(host).at(-1), 'start web.service old')
})

test('taken back at the end, the unit is stopped, and starts with the old file: it never goes on with the new one', async ({
  host,
}) => {
  await call(host, 'begin', 'g1')
  await call(host, 'activate', 'g1')
  await unfenced(host, 'timer', 'g1')
  const after = said(host).slice(2)
  assert.is(after[0], 'stop web.service new')
  assert.ok(after.slice(1).every((line) => line === 'start web.service old'))
  assert.is(file(host), 'old')
})

for (const end of ['confirm', 'revert'] as const) {
  test(`prepared, the timer only stops the unit; then ${end} decides`, async ({ host }) => {
    await call(host, 'begin', 'g1')
    await call(host, 'activate', 'g1')
    await call(host, 'prepare', 'g1')
    await unfenced(host, 'timer', 'g1')
    assert.is(await state(host), 'prepared')
    assert.is(file(host), 'new')
    assert.is(said(host).at(-1), 'stop web.service new')
    await call(host, end, 'g1')
    assert.is(await state(host), end === 'confirm' ? 'done' : 'reverted')
    assert.is(said(host).at(-1), end === 'confirm' ? 'start web.service new' : 'start web.service old')
  })
}

test('confirmed in time, a prepared unit is told nothing', async ({ host }) => {
  await call(host, 'begin', 'g1')
  await call(host, 'activate', 'g1')
  await call(host, 'prepare', 'g1')
  const before = said(host).length
  await call(host, 'confirm', 'g1')
  assert.is(said(host).length, before)
  assert.is(await state(host), 'done')
})

test('a run that is overtaken tells nobody to begin, to hold still or to wait for others', async ({ host }) => {
  await call(host, 'begin', 'g1')
  await call(host, 'activate', 'g1')
  await host.session.ask('host', 'fence', [], [['raise', '2', 'other']], 10_000)
  for (const verb of ['begin', 'hold', 'prepare']) {
    const error = await call(host, verb, 'g1').catch((thrown: unknown) => thrown)
    assert.is(error instanceof HostRefusal ? error.exit : error, 5, verb)
  }
  assert.is(await state(host), 'armed')
  assert.is(said(host).length, 2)
})

test('at boot the old file is back, and the unit does not start before the others’ timers must have fired', async ({
  host,
}) => {
  await call(host, 'begin', 'g1')
  await call(host, 'activate', 'g1')
  host.replace('systemd-run', 'echo "$*" >>"$QUORATE_ROOT/timers"')
  await unfenced(host, 'guard')
  assert.is(file(host), 'old')
  assert.is(await state(host), 'reverting')
  const after = said(host).slice(2)
  assert.ok(after.length > 0 && after.every((line) => line === '--no-block stop web.service old'), after.join())
  assert.match(host.read('/timers') ?? '', '--on-active=600')
  await unfenced(host, 'timer', 'g1')
  assert.is(await state(host), 'reverted')
  assert.is(said(host).at(-1), 'start web.service old')
})

test('at boot a prepared unit is not started at all, and its file stays', async ({ host }) => {
  await call(host, 'begin', 'g1')
  await call(host, 'activate', 'g1')
  await call(host, 'prepare', 'g1')
  await unfenced(host, 'guard')
  assert.is(await state(host), 'prepared')
  assert.is(file(host), 'new')
  assert.match(said(host).at(-1) ?? '', '--no-block stop web.service')
})

test('at boot a host that was only armed starts its unit as ever', async ({ host }) => {
  await unfenced(host, 'guard')
  assert.is(await state(host), 'reverted')
  assert.equal(said(host), [])
})

test.run()
