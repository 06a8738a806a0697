/** What the host side does where the host itself is in trouble. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync, renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Act } from '../../renderers/renderer.ts'
import { FailureError } from '../../scripts/lib/failure.ts'
import { callText, hostScript } from '../../scripts/lib/deployment/host-side.ts'
import { inspect } from '../../scripts/lib/deployment/inspect.ts'
import { answersOf, runOn } from '../../scripts/lib/deployment/probe.ts'
import { revertHosts } from '../../scripts/lib/deployment/revert.ts'
import { stage, type StagedFile } from '../../scripts/lib/deployment/stage.ts'
import type { Job, Tools } from '../../scripts/lib/deployment/step.ts'
import { localHost, manifest, type LocalHost } from './local-host.ts'

const test = suite<{ host: LocalHost }>('host side in trouble')

test.before.each(async (context) => {
  context.host = await localHost()
  context.host.write('/etc/web/web.conf', 'old\n')
})
test.after.each(({ host }) => host.close())

const sha = (content: string) => createHash('sha256').update(content).digest('hex')
const nothing = { paths: [], needs: [], serials: [] }
const call = (host: LocalHost, verb: string, ...args: string[]) => host.session.write('host', verb, args, [], 60_000)
const state = async (host: LocalHost) =>
  (await inspect('host', host.session, nothing)).generations.find(({ name }) => name === 'g1')?.state
const restart: Act = { unit: 'web.service', do: 'restart' }
const count = (host: LocalHost, line: string) => host.told().filter((each) => each === line).length
const journal = (host: LocalHost) => host.read('/var/lib/quorate/generations/g1/journal') ?? ''

function put(path: string, before: string, after: string, store: 'disk' | 'pmxcfs' = 'disk'): StagedFile {
  const place = { path, mode: '0644', owner: 'root:root', store, expect: sha(before) } as const
  const source = Buffer.from(after)
  return { ...place, op: 'put', hash: sha(after), renderHash: sha(`rendered ${after}`), source, serial: null }
}

async function activated(host: LocalHost, files: readonly StagedFile[], acts: readonly Act[] = [restart]) {
  await stage(host.session, {
    host: 'host',
    generation: 'g1',
    files,
    acts,
    copied: [],
    record: { manifest, deployed: '{}\n' },
  })
  await call(host, 'arm', 'g1', '600')
  await call(host, 'activate', 'g1')
}

const web = put('/etc/web/web.conf', 'old\n', 'new\n')

async function failure(promise: Promise<unknown>): Promise<FailureError> {
  const error: unknown = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  assert.instance(error, FailureError)
  return error as FailureError
}

/** Holds a lock of the host side's until it is ended. */
async function holding(host: LocalHost, name: string): Promise<ChildProcess> {
  const path = join(host.root, 'var/lib/quorate', name)
  const child = spawn('flock', [path, '-c', 'echo held; read -r _'], { stdio: ['pipe', 'pipe', 'ignore'] })
  await once(child.stdout, 'data')
  return child
}

async function letGo(child: ChildProcess): Promise<void> {
  child.stdin?.end()
  await once(child, 'exit')
}

function tools(host: LocalHost): Tools {
  let now = 0
  const pass = (ms: number) => Promise.resolve(void (now += ms))
  return { session: host.session, clock: { now: () => now, sleep: pass } as Tools['clock'], report: () => {} }
}

const job = { step: { id: 1 }, steps: 1, stages: [{ host: 'host', generation: 'g1' }] } as unknown as Job

test('a call that broke off on the way does nothing, wherever it broke off', async ({ host }) => {
  await activated(host, [web])
  await call(host, 'confirm', 'g1')
  const whole = callText(
    'prune',
    [],
    [
      ['fence', '1', 'token'],
      ['keep', "it's"],
      ['keep', 'g1'],
    ],
  )
  // Right behind a quotation mark what came is a whole command, and everywhere else it is none.
  const lengths = Array.from({ length: whole.length - "'\n".length }, (_, index) => index)
  for (const length of lengths.filter((at) => at % 3 === 0 || whole[at - 1] === "'")) {
    const script = `${hostScript}\n${whole.slice(0, length)}`
    const child = spawn('/bin/sh', ['-s'], {
      env: { ...process.env, QUORATE_ROOT: host.root },
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    child.stdin.end(script)
    await once(child, 'close')
    assert.is(await state(host), 'done', `after ${JSON.stringify(whole.slice(0, length))}`)
  }
})

for (const [what, name] of [
  ['the plan', 'plan'],
  ['what a file was', 'old/0.is'],
] as const) {
  test(`where ${what} cannot be written down whole nothing counts as staged`, async ({ host }) => {
    await call(host, 'open', 'g1')
    const folder = '/var/lib/quorate/generations/g1'
    host.write(`${folder}/new/0`, 'new\n')
    // As a disk on which there is no room for one byte more.
    symlinkSync('/dev/full', join(host.root, folder, name))
    const file = [
      'file',
      '0',
      'put',
      '/etc/web/web.conf',
      '0644',
      'root:root',
      'disk',
      sha('new\n'),
      sha('old\n'),
      'x',
      '-',
    ]
    const lines = [
      [...file, '-', '-'],
      ['act', 'systemctl', 'restart', 'web.service'],
    ]
    const error = await failure(host.session.write('host', 'stage', ['g1'], lines, 60_000))
    assert.match(error.message, 'cannot be written down')
    assert.is(await state(host), 'open')
  })
}

test('a timer that finds the lock taken waits for it, however long', async ({ host }) => {
  await activated(host, [web])
  // What would give up after 30 s gives up at once.
  host.replace('flock', '[ "$1" != -w ] || exit 1\nexec /usr/bin/flock "$@"')
  const holder = await holding(host, 'lock')
  const timer = host.session.ask('host', 'timer', ['g1'], [], 60_000)
  await sleep(300)
  await letGo(holder)
  assert.is((await timer).refused, null)
  assert.is(host.read('/etc/web/web.conf'), 'old\n')
})

test('while a write to /etc/pve hangs, files on disk go back and their units are told', async ({ host }) => {
  host.write('/etc/pve/shared.cfg', 'old\n')
  await activated(host, [web, put('/etc/pve/shared.cfg', 'old\n', 'new\n', 'pmxcfs')])
  host.replace('flock', '[ "$1 $3" != "-w 8" ] || set -- -w 1 8\nexec /usr/bin/flock "$@"')
  const holder = await holding(host, 'lock.pmxcfs')
  const before = count(host, 'restart web.service')
  const first = await host.session.ask('host', 'timer', ['g1'], [], 60_000)
  assert.ok(first.records.some(([kind]) => kind === 'stuck'))
  assert.equal([host.read('/etc/web/web.conf'), host.read('/etc/pve/shared.cfg')], ['old\n', 'new\n'])
  assert.is(count(host, 'restart web.service'), before + 1)
  await host.session.ask('host', 'timer', ['g1'], [], 60_000)
  assert.is(count(host, 'restart web.service'), before + 1, 'told once, however often it is tried')
  await letGo(holder)
  await host.session.ask('host', 'timer', ['g1'], [], 60_000)
  assert.equal([host.read('/etc/pve/shared.cfg'), await state(host)], ['old\n', 'reverted'])
  assert.is(count(host, 'restart web.service'), before + 2, 'and once more with all files back')
})

test('a step that is taken back while its write to /etc/pve hangs ends with the old bytes', async ({ host }) => {
  host.write('/etc/pve/shared.cfg', 'old\n')
  const files = [put('/etc/pve/shared.cfg', 'old\n', 'new\n', 'pmxcfs')]
  await stage(host.session, {
    host: 'host',
    generation: 'g1',
    files,
    acts: [],
    copied: [],
    record: { manifest, deployed: '{}\n' },
  })
  await call(host, 'arm', 'g1', '600')
  // The rename hangs, as pmxcfs does without quorum.
  host.replace(
    'mv',
    'case $3 in */etc/pve/shared.cfg) [ -e "$QUORATE_ROOT/slow" ] || { : >"$QUORATE_ROOT/slow"; sleep 2; } ;; esac\nexec /bin/mv "$@"',
  )
  const activation = host.session.write('host', 'activate', ['g1'], [], 60_000).catch((error: unknown) => error)
  while (!existsSync(join(host.root, 'slow'))) await sleep(20)
  await host.session.ask('host', 'timer', ['g1'], [], 60_000)
  await activation
  assert.equal([host.read('/etc/pve/shared.cfg'), await state(host)], ['old\n', 'reverted'])
})

test('where nothing can be written down about a command, it did not succeed', async ({ host }) => {
  host.replace('timeout', 'rm -rf "$QUORATE_ROOT"/run/quorate.*')
  const error = await failure(runOn('host', host.session, [['false']]))
  assert.match(error.message, 'is /run full?')
})

test('a command is the program of that name, and nothing that the shell itself can do', async ({ host }) => {
  host.replace('test', 'echo program')
  const answers = await runOn('host', host.session, [['test', '-e', '/'], ['exit'], ['cd', '/']])
  assert.is(answers[0]?.stdout, 'program\n')
  assert.equal(
    answers.slice(1).map(({ exit }) => exit),
    [127, 127],
  )
})

test('of commands that run side by side the slow ones are ended in time, also one that does not want to, and the others count', async ({
  host,
}) => {
  const stubborn = 'trap : TERM; echo $$ >"$QUORATE_ROOT/pid"; while :; do sleep 1; done'
  const slow = ['exit 3', 'sleep 60', stubborn, 'sleep 0.2; echo said; exit 7'].map((text) => ['run', 'sh', '-c', text])
  const all = [...slow, ['run', 'no-such-program'], ...Array.from({ length: 5 }, () => ['run', 'echo', 'more'])]
  const { records } = await host.session.ask('host', 'probe', ['1'], all, 60_000)
  const answers = answersOf('host', records, all.length)
  assert.equal(
    answers.map(({ exit }) => exit),
    [3, 124, 124, 7, 127, 0, 0, 0, 0, 0],
  )
  assert.is(answers.map(({ stdout }) => stdout).join(''), `said\n${'more\n'.repeat(5)}`)
  // Of what is gone, but not yet reaped, the words are gone too.
  const words = `/proc/${(host.read('/pid') ?? '').trim()}/cmdline`
  const goesOn = () => existsSync(words) && readFileSync(words, 'utf8') !== ''
  for (let looks = 0; goesOn() && looks < 200; looks += 1) await sleep(20)
  assert.is(goesOn(), false, 'nothing goes on running')
})

test('an act that cannot be undone is not reverted: it is tried again, and those that were undone are left alone', async ({
  host,
}) => {
  host.replace('ifreload', 'exit 0')
  await activated(host, [web], [restart, { run: ['ifreload', '-a'] }])
  host.replace('ifreload', 'echo "Another instance of this program is already running." >&2; exit 89')
  host.replace('systemd-run', `echo "$*" >>"$QUORATE_ROOT/timers"`)
  const before = count(host, 'restart web.service')
  const ends = await revertHosts(tools(host), job, 0)
  assert.is(ends['host']?.state, 'unknown')
  assert.match(ends['host']?.detail ?? '', 'Another instance')
  assert.is(await state(host), 'reverting')
  assert.match(readFileSync(join(host.root, 'timers'), 'utf8'), /--on-active=10/)
  host.replace('ifreload', 'exit 0')
  await host.session.ask('host', 'timer', ['g1'], [], 60_000)
  assert.is(await state(host), 'reverted')
  assert.is(count(host, 'restart web.service'), before + 1)
})

test('what does not want to be undone is tried a few times only', async ({ host }) => {
  host.replace('ifreload', 'exit 0')
  await activated(host, [web], [{ run: ['ifreload', '-a'] }])
  host.replace('ifreload', 'exit 1')
  host.replace('systemd-run', `echo "$*" >>"$QUORATE_ROOT/timers"`)
  for (let time = 0; time < 9; time += 1) {
    await host.session.ask('host', 'timer', ['g1'], [], 60_000)
    host.write('/var/lib/quorate/generations/g1/again', '0 past\n')
  }
  assert.is((host.read('/timers') ?? '').split('\n').length - 1, 5)
  assert.is(await state(host), 'reverting')
})

test('a revert that succeeds at its second try, on the host, counts as reverted', async ({ host }) => {
  host.replace('ifreload', 'exit 0')
  await activated(host, [web], [{ run: ['ifreload', '-a'] }])
  host.replace('ifreload', '[ -e "$QUORATE_ROOT/once" ] || { : >"$QUORATE_ROOT/once"; exit 89; }')
  const { clock, ...rest } = tools(host)
  const timer = async (ms: number) => {
    await host.session.ask('host', 'timer', ['g1'], [], 60_000)
    await clock.sleep(ms)
  }
  const ends = await revertHosts({ ...rest, clock: { ...clock, sleep: timer } }, job, 0)
  assert.is(ends['host']?.state, 'reverted')
})

test('a deployer that comes in while the timer takes the step back waits for it, and no unit is told twice', async ({
  host,
}) => {
  host.replace('ifreload', 'exit 0')
  await activated(host, [web], [restart, { run: ['ifreload', '-a'] }])
  host.replace(
    'ifreload',
    ': >"$QUORATE_ROOT/slow"\nuntil [ -e "$QUORATE_ROOT/gate" ]; do sleep 0.05; done\necho >>"$QUORATE_ROOT/reloads"',
  )
  const before = count(host, 'restart web.service')
  const timer = host.session.ask('host', 'timer', ['g1'], [], 60_000)
  while (!existsSync(join(host.root, 'slow'))) await sleep(20)
  const ends = revertHosts(tools(host), job, 0)
  await sleep(300)
  host.write('/gate', 'go on\n')
  const [{ refused }, { host: end }] = await Promise.all([timer, ends])
  assert.is(refused, null)
  assert.equal(end, { state: 'reverted', detail: 'reverted by its own timer' })
  assert.equal([count(host, 'restart web.service'), host.read('/reloads')], [before + 1, '\n'])
})

test('a deployer that cannot wait for the timer’s work any longer looks again', async ({ host }) => {
  await activated(host, [web])
  // What would give up after 60 s gives up at once.
  host.replace('flock', '[ "$1 $3" != "-w 7" ] || set -- -w 0 7\nexec /usr/bin/flock "$@"')
  const holder = await holding(host, 'generations/g1/lock')
  const { clock, ...rest } = tools(host)
  renameSync(
    join(host.root, 'var/lib/quorate/generations/g1/armed'),
    join(host.root, 'var/lib/quorate/generations/g1/reverting'),
  )
  const goesOn = async (ms: number) => {
    await letGo(holder)
    await host.session.ask('host', 'timer', ['g1'], [], 60_000)
    await clock.sleep(ms)
  }
  const ends = await revertHosts({ ...rest, clock: { ...clock, sleep: goesOn } }, job, 0)
  assert.equal(ends['host'], { state: 'reverted', detail: 'reverted by its own timer, not at the first try' })
})

test('bytes that we did not write are kept for good, however many deployments follow', async ({ host }) => {
  await activated(host, [web])
  await call(host, 'confirm', 'g1')
  assert.is(host.read('/var/lib/quorate/adopted/g1-0'), 'old\n')
  assert.is(host.read('/var/lib/quorate/adopted/list'), 'g1-0\t/etc/web/web.conf\n')
  const next = { host: 'host', acts: [], copied: [], record: { manifest, deployed: '{}\n' } }
  for (const [generation, before, after] of [
    ['g2', 'new\n', 'newer\n'],
    ['g3', 'newer\n', 'newest\n'],
  ] as const) {
    await stage(host.session, { ...next, generation, files: [put('/etc/web/web.conf', before, after)] })
    await call(host, 'arm', generation, '600')
    await call(host, 'activate', generation)
    await call(host, 'confirm', generation)
    await host.session.write('host', 'prune', [], [['keep', generation]], 60_000)
  }
  assert.is(host.read('/var/lib/quorate/generations/g1/old/0'), null)
  assert.is(host.read('/var/lib/quorate/adopted/g1-0'), 'old\n')
  assert.is(host.read('/var/lib/quorate/adopted/list'), 'g1-0\t/etc/web/web.conf\n', 'what we wrote ourselves is not')
})

for (const [title, before, line] of [
  ['a last line without end', 'totem {\n  config_version: 7\n}', '  config_version: 7'],
  ['a tab', 'totem {\n\tconfig_version:\t7\n}\n', '\tconfig_version:\t7'],
  ['no space at all', 'totem {\nconfig_version:7\n}\n', 'config_version:7'],
] as const) {
  test(`a number that may only rise is found, and nothing else is changed, in a file with ${title}`, async ({
    host,
  }) => {
    host.write('/etc/web/web.conf', before)
    const prefix = '  config_version: '
    const facts = await inspect('host', host.session, { ...nothing, serials: [{ path: '/etc/web/web.conf', prefix }] })
    assert.is(facts.serials['/etc/web/web.conf'], 7)
    const file = put('/etc/web/web.conf', before, 'totem {\n  config_version: 8\n}\n') as StagedFile & { op: 'put' }
    await activated(host, [{ ...file, serial: { prefix, onRevert: 9 } }])
    await call(host, 'revert', 'g1')
    assert.is(host.read('/etc/web/web.conf'), before.replace(line, line.replace('7', '9')), journal(host))
  })
}

test('a word that only begins like the one before the number is another one', async ({ host }) => {
  host.write('/etc/web/web.conf', '# config_version: 3\nconfig_versions: 4\nserialno 5\nserial 6\n')
  const at = async (prefix: string) =>
    (await inspect('host', host.session, { ...nothing, serials: [{ path: '/etc/web/web.conf', prefix }] })).serials
  assert.equal(await at('  config_version: '), { '/etc/web/web.conf': 0 })
  assert.equal(await at('serial '), { '/etc/web/web.conf': 6 })
})

test('a manifest that is no JSON makes its host one that cannot be understood', async ({ host }) => {
  for (const text of ['', '{', '7']) {
    host.write('/var/lib/quorate/manifest.json', text)
    const error = await failure(inspect('host', host.session, nothing))
    assert.match(error.message, 'manifest.json is not what was written there')
  }
})

test.run()
