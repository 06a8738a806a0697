import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FailureError } from '../../scripts/lib/failure.ts'
import { inspect } from '../../scripts/lib/deployment/inspect.ts'
import { HostRefusal } from '../../scripts/lib/deployment/session.ts'
import { stage, validate, type Stage, type StagedFile } from '../../scripts/lib/deployment/stage.ts'
import { localHost, manifest, type LocalHost } from './local-host.ts'

const test = suite<{ host: LocalHost }>('host side')

test.before.each(async (context) => {
  context.host = await localHost()
  context.host.write('/etc/web/changed.conf', 'old\n', 0o640)
  context.host.write('/etc/web/removed.conf', 'going\n')
})
test.after.each(({ host }) => host.close())

const sha = (content: string) => createHash('sha256').update(content).digest('hex')
const nothing = { paths: [], needs: [], serials: [] }

function put(path: string, content: string, expect: string): StagedFile {
  const place = { path, mode: '0600', owner: 'root:root', store: 'disk', expect } as const
  return {
    ...place,
    op: 'put',
    hash: sha(content),
    renderHash: sha(`rendered ${content}`),
    source: Buffer.from(content),
    serial: null,
  }
}

const wanted: Stage = {
  host: 'host',
  generation: 'g1',
  files: [
    put('/etc/web/changed.conf', 'new\n', sha('old\n')),
    put('/etc/web/deep/er/added.conf', 'added\n', 'absent'),
    {
      path: '/etc/web/removed.conf',
      mode: '0644',
      owner: 'root:root',
      store: 'disk',
      expect: sha('going\n'),
      op: 'remove',
    },
  ],
  acts: [{ unit: 'web.service', do: 'reload' }],
  copied: [],
  record: { manifest, deployed: '{"commit":null}\n' },
}

const call = (host: LocalHost, verb: string, ...args: string[]) => host.session.write('host', verb, args, [], 60_000)
const state = async (host: LocalHost) =>
  (await inspect('host', host.session, nothing)).generations.find(({ name }) => name === 'g1')?.state ?? 'gone'

function look(host: LocalHost): 'old' | 'new' | 'mixed' {
  const mode = (path: string) => (existsSync(join(host.root, path)) ? statSync(join(host.root, path)).mode & 0o777 : 0)
  const files = [
    host.read('/etc/web/changed.conf'),
    host.read('/etc/web/deep/er/added.conf'),
    host.read('/etc/web/removed.conf'),
  ]
  const seen = JSON.stringify([files, mode('/etc/web/changed.conf'), existsSync(join(host.root, 'etc/web/deep'))])
  if (seen === JSON.stringify([['old\n', null, 'going\n'], 0o640, false])) return 'old'
  if (seen === JSON.stringify([['new\n', 'added\n', null], 0o600, true])) return 'new'
  return 'mixed'
}

/** What the next run does with what a killed one left. */
async function recover(host: LocalHost): Promise<void> {
  const verb = { open: 'discard', staged: 'discard', armed: 'revert', reverting: 'revert', confirmed: 'settle' }[
    (await state(host)) as 'open'
  ]
  if (verb !== undefined) await call(host, verb, 'g1')
}

async function broken(promise: Promise<unknown>): Promise<FailureError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof FailureError) return error
    throw error
  }
  throw new Error('it should have failed')
}

async function armed(host: LocalHost): Promise<void> {
  await stage(host.session, wanted)
  await call(host, 'arm', 'g1', '600')
}

test('activate and confirm put every file in place, with mode, and write the manifest', async ({ host }) => {
  await armed(host)
  assert.is(look(host), 'old')
  await call(host, 'activate', 'g1')
  assert.is(look(host), 'new')
  assert.is(host.read('/var/lib/quorate/manifest.json'), null)
  await call(host, 'confirm', 'g1')
  assert.is(host.read('/var/lib/quorate/manifest.json'), manifest)
  assert.is(await state(host), 'done')
  assert.ok(host.told().includes('reload web.service'))
})

test('revert brings back bytes, mode and absence, tells the same unit again, and can be repeated', async ({ host }) => {
  await armed(host)
  await call(host, 'activate', 'g1')
  const before = host.told().filter((line) => line === 'reload web.service').length
  await call(host, 'revert', 'g1')
  await call(host, 'revert', 'g1')
  assert.is(look(host), 'old')
  assert.is(host.told().filter((line) => line === 'reload web.service').length, before + 1)
  assert.is(await state(host), 'reverted')
})

test('files that did not change keep their modification time through a revert', async ({ host }) => {
  await armed(host)
  const { mtimeMs } = statSync(join(host.root, 'etc/web/changed.conf'))
  await call(host, 'revert', 'g1')
  assert.is(statSync(join(host.root, 'etc/web/changed.conf')).mtimeMs, mtimeMs)
  assert.not.ok(host.told().includes('reload web.service'), 'nothing was told, so nothing is told again')
})

for (const verb of ['open', 'stage', 'arm', 'activate', 'confirm', 'revert'] as const) {
  test(`a kill anywhere in ${verb} leaves what the next run brings to wholly old or wholly new`, async () => {
    let kills = 0
    for (let at = 1; ; at += verb === 'activate' || verb === 'revert' ? 1 : 3) {
      const host = await localHost()
      try {
        host.write('/etc/web/changed.conf', 'old\n', 0o640)
        host.write('/etc/web/removed.conf', 'going\n')
        const early = verb === 'open' || verb === 'stage'
        if (!early) await stage(host.session, wanted)
        if (!early && verb !== 'arm') await call(host, 'arm', 'g1', '600')
        if (verb === 'confirm' || verb === 'revert') await call(host, 'activate', 'g1')
        host.killAt(at)
        const doing = early ? stage(host.session, wanted) : call(host, verb, 'g1', ...(verb === 'arm' ? ['600'] : []))
        await doing.catch((error: unknown) => {
          if (!(error instanceof FailureError)) throw error
        })
        if (!host.wasKilled()) break
        kills += 1
        await recover(host)
        const seen = look(host)
        assert.not.equal(
          seen,
          'mixed',
          `killed at call ${at} of ${verb}: ${host.read('/var/lib/quorate/generations/g1/journal')}`,
        )
        assert.is(
          host.read('/var/lib/quorate/manifest.json') !== null,
          seen === 'new',
          `the manifest says what is there (call ${at})`,
        )
        if (verb !== 'confirm') assert.is(seen, 'old')
        const left = readdirSync(join(host.root, 'etc/web')).filter((name) => name.includes('quorate'))
        assert.equal(left, [], 'no temporary file stays')
      } finally {
        host.close()
      }
    }
    assert.ok(kills > 1, `only ${kills} kills were tried`)
  })
}

test('of confirm and revert at the same moment exactly one wins', async () => {
  const winners = new Set<string>()
  for (let round = 0; round < 12; round += 1) {
    const host = await localHost()
    try {
      host.write('/etc/web/changed.conf', 'old\n', 0o640)
      host.write('/etc/web/removed.conf', 'going\n')
      await armed(host)
      await call(host, 'activate', 'g1')
      const both = round % 2 === 0 ? ['confirm', 'revert'] : ['revert', 'confirm']
      const ends = await Promise.allSettled(both.map((verb) => call(host, verb, 'g1')))
      assert.is(ends.filter(({ status }) => status === 'fulfilled').length, 1)
      const seen = look(host)
      assert.is(await state(host), seen === 'new' ? 'done' : 'reverted')
      winners.add(seen)
    } finally {
      host.close()
    }
  }
  assert.not.ok(winners.has('mixed'))
})

test('what was not activated cannot be confirmed', async ({ host }) => {
  await armed(host)
  assert.match((await broken(call(host, 'confirm', 'g1'))).message, 'was not activated')
  assert.is(await state(host), 'armed')
})

test('a timer that fires after the confirmation does nothing', async ({ host }) => {
  await armed(host)
  await call(host, 'activate', 'g1')
  await call(host, 'confirm', 'g1')
  const answer = await host.session.ask('host', 'timer', ['g1'], [], 10_000)
  assert.is(answer.refused?.code, 'overtaken')
  assert.is(look(host), 'new')
})

test('the boot guard takes an armed generation back, and tells no unit that has not started yet', async ({ host }) => {
  await armed(host)
  await call(host, 'activate', 'g1')
  const told = host.told().length
  await host.session.ask('host', 'guard', [], [], 10_000)
  assert.is(look(host), 'old')
  assert.equal(
    host
      .told()
      .slice(told)
      .filter((line) => !line.startsWith('daemon-reload')),
    [],
  )
})

test('an older fence is refused at every write', async ({ host }) => {
  await stage(host.session, wanted)
  await host.session.ask('host', 'fence', [], [['raise', '2', 'other']], 10_000)
  for (const [verb, ...args] of [
    ['open', 'g2'],
    ['stage', 'g1'],
    ['discard', 'g1'],
    ['arm', 'g1', '60'],
    ['activate', 'g1'],
    ['confirm', 'g1'],
    ['revert', 'g1'],
    ['settle', 'g1'],
    ['record', 'g1'],
    ['prune'],
  ] as const) {
    const error = await broken(call(host, verb, ...args))
    assert.is(error.exit, 5, verb)
  }
  const lower = await host.session.ask('host', 'fence', [], [['raise', '1', 'token']], 10_000)
  assert.is(lower.refused?.code, 'fenced')
})

test('nobody raises the fence on a host whose lease somebody else holds', async ({ host }) => {
  const lease = ['lease', '60', 'other', 'b3RoZXI=', 'LQ==']
  await host.session.ask('host', 'lease', ['take'], [lease], 10_000)
  const raise = (token: string) => host.session.ask('host', 'fence', [], [['raise', '2', token]], 10_000)
  assert.is((await raise('token')).refused?.code, 'held')
  assert.is((await raise('other')).refused, null)
})

test('a file that was edited after it was staged is not touched', async ({ host }) => {
  await armed(host)
  host.write('/etc/web/changed.conf', 'edited meanwhile\n')
  const error = await broken(call(host, 'activate', 'g1'))
  assert.instance(error, HostRefusal)
  assert.match(error.message, 'changed since it was staged')
  await call(host, 'revert', 'g1')
  assert.is(host.read('/etc/web/changed.conf'), 'edited meanwhile\n')
})

test('bytes that somebody put there between activating and reverting are kept aside', async ({ host }) => {
  await armed(host)
  await call(host, 'activate', 'g1')
  host.write('/etc/web/changed.conf', 'a third content\n')
  await call(host, 'revert', 'g1')
  assert.is(look(host), 'old')
  assert.is(host.read('/var/lib/quorate/generations/g1/old/0.displaced'), 'a third content\n')
})

test('what does not arrive as it was sent is refused', async ({ host }) => {
  const lying = {
    ...wanted,
    files: [{ ...(wanted.files[0] as StagedFile & { op: 'put' }), hash: sha('something else') }],
  }
  const error = await broken(stage(host.session, lying))
  assert.match(error.message, 'did not arrive as it was sent')
})

test('a link where a file should be is refused, and what it leads to stays', async ({ host }) => {
  const facts = await inspect('host', host.session, { ...nothing, paths: ['/etc/web/changed.conf', '/etc/web'] })
  assert.is(facts.paths['/etc/web']?.kind, 'other')
  mkdirSync(join(host.root, 'etc/web/changed.d'))
  const error = await broken(stage(host.session, { ...wanted, files: [put('/etc/web/changed.d', 'x\n', 'other')] }))
  assert.match(error.message, 'no regular file')
})

const reading = (path: string) => ({
  title: 'reads',
  run: ['sh', '-c', 'cat "$QUORATE_ROOT$1"', 'x', path],
  exit: [0],
  withinSeconds: 0,
})
const says = (path: string, text: string) => ({ ...reading(path), stdout: `^${text}$` })

test('checkers see the staged bytes at their real paths, and nobody else does', async ({ host }) => {
  await stage(host.session, wanted)
  const absent = { ...reading('/etc/web/removed.conf'), exit: [1] }
  const checks = [says('/etc/web/changed.conf', 'new'), says('/etc/web/deep/er/added.conf', 'added'), absent]
  const { real } = await validate(host.session, 'host', 'g1', checks)
  if (userInfo().uid === 0) assert.ok(real, 'root may mount')
  assert.is(look(host), 'old')
  const error = await broken(validate(host.session, 'host', 'g1', [says('/etc/web/changed.conf', 'old')]))
  assert.match(error.message, 'nothing was put in place')
})

test('where mounts are denied they see a copy instead, of a file and of its folder', async ({ host }) => {
  host.replace('unshare', 'exit 1')
  await stage(host.session, wanted)
  const inFolder = {
    ...says('/etc/web', 'new'),
    run: ['sh', '-c', 'cat "$QUORATE_ROOT$1/changed.conf" "$QUORATE_ROOT$1/deep/er/added.conf"', 'x', '/etc/web'],
  }
  const { real } = await validate(host.session, 'host', 'g1', [says('/etc/web/changed.conf', 'new'), inFolder])
  assert.is(real, false)
  assert.is(look(host), 'old')
  await broken(validate(host.session, 'host', 'g1', [reading('/etc/web/other.conf')]))
})

test('a number that may only rise is raised when its file is taken back', async ({ host }) => {
  host.write('/etc/web/changed.conf', 'totem {\n  config_version: 7\n  token: 1\n}\n')
  const before = host.read('/etc/web/changed.conf') ?? ''
  const content = 'totem {\n  config_version: 8\n  token: 2\n}\n'
  const file = put('/etc/web/changed.conf', content, sha(before)) as StagedFile & { op: 'put' }
  await stage(host.session, { ...wanted, files: [{ ...file, serial: { prefix: '  config_version: ', onRevert: 9 } }] })
  await call(host, 'arm', 'g1', '600')
  await call(host, 'activate', 'g1')
  assert.is(host.read('/etc/web/changed.conf'), content)
  await call(host, 'revert', 'g1')
  assert.is(host.read('/etc/web/changed.conf'), before.replace('7', '9'))
})

test('what is back under a raised number is nobody’s edit, and what was edited before stays one', async ({ host }) => {
  const first = 'totem {\n  config_version: 1\n}\n'
  const numbered = (content: string, onRevert: number, expect: string) => {
    const file = put('/etc/web/changed.conf', content, expect) as StagedFile & { op: 'put' }
    return { ...file, serial: { prefix: '  config_version: ', onRevert } }
  }
  const taken = async (generation: string, onRevert: number) => {
    const content = `totem {\n  config_version: ${onRevert - 1}\n  token: 2\n}\n`
    const expect = sha(host.read('/etc/web/changed.conf') ?? '')
    await stage(host.session, { ...wanted, generation, files: [numbered(content, onRevert, expect)] })
    await call(host, 'arm', generation, '600')
    await call(host, 'activate', generation)
    await call(host, 'revert', generation)
    return (await inspect('host', host.session, nothing)).managed.map(({ intact }) => intact)
  }
  await stage(host.session, { ...wanted, files: [numbered(first, 3, sha(host.read('/etc/web/changed.conf') ?? ''))] })
  await call(host, 'arm', 'g1', '600')
  await call(host, 'activate', 'g1')
  await call(host, 'confirm', 'g1')
  assert.equal(await taken('g2', 3), ['yes'])
  assert.is(host.read('/etc/web/changed.conf'), first.replace('1', '3'))
  host.write('/etc/web/changed.conf', first.replace('1', '5'))
  assert.equal(await taken('g3', 7), ['edited'])
})

test('intact tells edited, mode and missing apart', async ({ host }) => {
  await armed(host)
  await call(host, 'activate', 'g1')
  await call(host, 'confirm', 'g1')
  const managed = async () =>
    Object.fromEntries((await inspect('host', host.session, nothing)).managed.map(({ path, intact }) => [path, intact]))
  assert.equal(await managed(), { '/etc/web/changed.conf': 'yes', '/etc/web/deep/er/added.conf': 'yes' })
  host.write('/etc/web/changed.conf', 'new\n', 0o644)
  writeFileSync(join(host.root, 'etc/web/deep/er/added.conf'), 'edited\n')
  assert.equal(await managed(), { '/etc/web/changed.conf': 'mode', '/etc/web/deep/er/added.conf': 'edited' })
})

test('a lease is refused to a second token, and given when it has run out', async ({ host }) => {
  const take = (token: string, seconds: string) =>
    host.session.ask('host', 'lease', ['take'], [['lease', seconds, token, 'b3duZXI=', 'cnVu']], 10_000)
  assert.is((await take('a', '100')).refused, null)
  const second = await take('b', '100')
  assert.is(second.refused?.code, 'held')
  assert.equal(second.records[0]?.slice(2), ['b3duZXI=', 'cnVu'])
  assert.is((await take('a', '0')).refused, null)
  assert.is((await take('b', '100')).refused, null)
})

test('a lease is not given while a timer can still fire', async ({ host }) => {
  await armed(host)
  const answer = await host.session.ask('host', 'lease', ['take'], [['lease', '100', 'b', 'Yg==', 'Yg==']], 10_000)
  assert.is(answer.refused?.code, 'pending')
})

test.run()
