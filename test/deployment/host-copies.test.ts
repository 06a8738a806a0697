/** A host's own copy of a file that all share, when the change of that file is taken back: the real host side over a folder. */
import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { inspect } from '../../scripts/lib/deployment/inspect.ts'
import { stage, type StagedFile } from '../../scripts/lib/deployment/stage.ts'
import { localHost, type LocalHost } from './local-host.ts'

const test = suite<{ host: LocalHost }>('copies of what is shared')

const sha = (content: string) => createHash('sha256').update(content).digest('hex')
const text = (word: string, version: number) => `${word}\nversion: ${version}\n`
const [old, young, back] = [text('old', 1), text('young', 2), text('old', 3)]
const shared = '/etc/pve/votes.conf'
const path = '/etc/votes/votes.conf'
const copy: StagedFile = {
  path,
  mode: '0644',
  owner: 'root:root',
  store: 'disk',
  expect: sha(old),
  op: 'copy',
  hash: sha(young),
  of: shared,
  serial: { prefix: 'version: ', onRevert: 3 },
}
const nothing = { paths: [], needs: [], serials: [] }
const state = async (host: LocalHost) => (await inspect('host', host.session, nothing)).generations[0]?.state
const timer = (host: LocalHost) => host.session.ask('host', 'timer', ['g1'], [], 60_000)
const readOnly = (host: LocalHost) =>
  host.replace('tee', 'case $1 in */etc/pve/*) exit 1 ;; esac\nexec /usr/bin/tee "$@"')
const writable = (host: LocalHost) => host.replace('tee', 'exec /usr/bin/tee "$@"')
const restarts = (host: LocalHost) => host.told().filter((line) => line === 'restart votes.service').length
const both = (host: LocalHost) => [host.read(shared), host.read(path)]

async function armed(host: LocalHost, file: StagedFile = copy): Promise<void> {
  const copied = [{ unit: 'votes.service', do: 'restart' }] as const
  await stage(host.session, { host: 'host', generation: 'g1', files: [file], acts: [], copied, record: null })
  for (const verb of ['arm', 'activate'])
    await host.session.write('host', verb, verb === 'arm' ? ['g1', '600'] : ['g1'], [], 60_000)
}

function changed(host: LocalHost): void {
  host.write(shared, young)
  host.write(path, young)
}

test.before.each(async (context) => {
  context.host = await localHost()
  context.host.write(shared, old)
  context.host.write(path, old)
})
test.after.each(({ host }) => host.close())

test('what was never changed is left alone', async ({ host }) => {
  await armed(host)
  await timer(host)
  assert.equal([...both(host), await state(host), restarts(host)], [old, old, 'reverted', 0])
})

test('it is not put in place, and nothing of it is written down, when the step is confirmed', async ({ host }) => {
  await armed(host)
  changed(host)
  await host.session.write('host', 'confirm', ['g1'], [], 60_000)
  assert.equal([...both(host), await state(host)], [young, young, 'done'])
  assert.is(host.read('/var/lib/quorate/files'), '')
  assert.is(host.read('/var/lib/quorate/manifest.json'), null)
})

test('where nothing shared can be written it goes back at once, its daemon is told once, and the shared one follows', async ({
  host,
}) => {
  await armed(host)
  changed(host)
  readOnly(host)
  const began = performance.now()
  assert.ok((await timer(host)).records.some(([kind]) => kind === 'stuck'))
  assert.ok(performance.now() - began < 4000, `${performance.now() - began} ms`)
  assert.equal([...both(host), await state(host), restarts(host)], [young, back, 'reverting', 1])
  await timer(host)
  assert.is(restarts(host), 1)
  writable(host)
  await timer(host)
  assert.equal([...both(host), await state(host), restarts(host)], [back, back, 'reverted', 1])
})

test('while it can be written the shared one goes back, and the daemon is left to whoever follows it', async ({
  host,
}) => {
  await armed(host)
  changed(host)
  const done = timer(host)
  while (host.read(shared) !== back) await new Promise((resolve) => setTimeout(resolve, 50))
  host.write(path, back)
  await done
  assert.equal([...both(host), await state(host), restarts(host)], [back, back, 'reverted', 0])
})

test('what somebody else wrote there meanwhile stays', async ({ host }) => {
  const theirs = text('theirs', 2)
  await armed(host)
  host.write(shared, theirs)
  host.write(path, theirs)
  await timer(host)
  assert.equal([...both(host), await state(host), restarts(host)], [theirs, theirs, 'reverted', 0])
})

test('at boot it goes back under the agreed number, and no unit is told; what is shared decides later', async ({
  host,
}) => {
  await armed(host)
  await host.session.ask('host', 'guard', [], [], 60_000)
  assert.equal([...both(host), await state(host), restarts(host)], [old, back, 'reverting', 0])
  readOnly(host)
  await timer(host)
  assert.equal([host.read(path), await state(host)], [back, 'reverting'], 'who cannot write may not have seen all')
  writable(host)
  await timer(host)
  assert.equal([...both(host), await state(host), restarts(host)], [old, old, 'reverted', 0])
})

test('a host that was not told the number takes the next but one', async ({ host }) => {
  await armed(host, { ...copy, hash: null, serial: { prefix: 'version: ', onRevert: 0 } })
  changed(host)
  readOnly(host)
  await timer(host)
  assert.is(host.read(path), back)
})

test('a copy that nobody knows is kept before it goes', async ({ host }) => {
  await armed(host)
  host.write(shared, young)
  host.write(path, text('a hand', 2))
  readOnly(host)
  await timer(host)
  assert.is(host.read(path), back)
  assert.is(host.read('/var/lib/quorate/adopted/g1-0-displaced'), text('a hand', 2))
})

test('one that differs from what was seen is not armed', async ({ host }) => {
  host.write(path, young)
  const error = await armed(host).then(
    () => '',
    (failed: unknown) => String(failed),
  )
  assert.match(error, `${path} changed since it was inspected`)
})

test('killed anywhere on its way back, the next try ends it, and the daemon was told', async () => {
  for (let call = 1, killed = true; killed; call += 3) {
    const host = await localHost()
    try {
      host.write(shared, old)
      host.write(path, old)
      await armed(host)
      changed(host)
      readOnly(host)
      host.killAt(call)
      await timer(host).catch(() => {})
      killed = host.wasKilled()
      host.killAt(10_000)
      await timer(host)
      assert.is(host.read(path), back, `killed at call ${call}`)
      assert.ok(restarts(host) > 0, `killed at call ${call}`)
    } finally {
      host.close()
    }
  }
})

test.run()
