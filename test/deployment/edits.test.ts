/** Files that somebody else has put or edited on the hosts: shown, never overwritten unasked, and kept where they are overwritten. */
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Secrets } from '../../scripts/lib/bundle/fill.ts'
import { withDeparting } from '../../scripts/lib/deployment/departing.ts'
import type { Rendering } from '../../scripts/lib/bundle/rendering.ts'
import { outcomeText } from '../../scripts/lib/review/deployment-text.ts'
import { assertContract } from '../contracts/contract.ts'
import { startBench, type Bench } from './bench.ts'
import { smallRendering, web } from './small-lab.ts'

const test = suite<{ bench: Bench }>('edits')

const one = smallRendering({ body: 'one' })
const two = smallRendering({ body: 'two' })
const secret = smallRendering({ body: 'one', more: true })
const hosts = ['n1', 'n2', 'n3']
const conf = '/etc/web/web.conf'

test.before.each(async (context) => {
  context.bench = await startBench(one, 20, [web])
})
test.after.each(async ({ bench }) => {
  await bench.close()
})

const fileOf = (bench: Bench, host: string, path = conf) => join(bench.lab.folder(host), path)
const read = (bench: Bench, host: string, path?: string) => readFileSync(fileOf(bench, host, path), 'utf8')
const kept = (bench: Bench) =>
  bench.events.flatMap((event) => (event.kind === 'kept' ? [{ host: event.host, path: event.path, at: event.at }] : []))

/** Deploys for the first time. */
async function deployed(bench: Bench, rendering: Rendering): Promise<void> {
  const outcome = await bench.deploy(rendering)
  assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
}

/** The same values, as a run of its own has them: none was handed out yet. */
function unasked(secrets: Secrets): Secrets {
  const seen = new Set<string>()
  return {
    value(...hole) {
      const value = secrets.value(...hole)
      seen.add(value)
      return value
    },
    seen: () => [...seen],
  }
}

/** n3 leaves the lab. */
const gone = withDeparting(smallRendering({ body: 'one' }, {}, ['n1', 'n2']), one.hosts)

test('an edit blocks its host and is shown, line by line; the others can go on', async ({ bench }) => {
  await deployed(bench, one)
  writeFileSync(fileOf(bench, 'n1'), 'edited by hand\n')
  const refused = await bench.deploy(two)
  assertContract('outcome', refused)
  assert.is(refused.exit, 4)
  assert.equal(refused.edits, [
    {
      host: 'n1',
      path: conf,
      kind: 'edited',
      from: 'deployed',
      hunks: '@@ -1,1 +1,1 @@\n-one\n+edited by hand\n',
      why: null,
    },
  ])
  assert.is(
    refused.failure?.now,
    'nothing was changed on any host; only n1 is blocked, and --only n2 n3 goes on without',
  )
  assert.match(
    refused.failure?.next ?? '',
    `--override n1:${conf} (the old bytes stay on the host in /var/lib/quorate/adopted/)`,
  )
  assert.match(
    outcomeText(refused, true),
    `\nn1:${conf}: from what was deployed (-) to what is there now (+)\n  @@ -1,1 +1,1 @@\n  -one\n  +edited by hand\n`,
  )
  for (const host of ['n2', 'n3']) assert.is(read(bench, host), 'one\n')
  const others = await bench.deploy(two, { only: ['n2', 'n3'] })
  assert.is(others.exit, 0, JSON.stringify(others.failure))
  assert.equal(
    hosts.map((host) => read(bench, host)),
    ['edited by hand\n', 'two\n', 'two\n'],
  )
})

test('without --apply it is shown just the same', async ({ bench }) => {
  await deployed(bench, one)
  writeFileSync(fileOf(bench, 'n1'), 'edited by hand\n')
  const refused = await bench.deploy(one, { apply: false })
  assert.match(refused.edits?.[0]?.hunks ?? '', '-one\n+edited by hand\n')
})

test('of a file with a secret it is said that it differs, and neither value', async ({ bench }) => {
  await deployed(bench, secret)
  const value = read(bench, 'n1', '/etc/web/key.priv').trim()
  writeFileSync(fileOf(bench, 'n1', '/etc/web/key.priv'), 'a value of somebody\n')
  const refused = await bench.deploy(secret)
  assert.is(refused.exit, 4)
  assert.equal(refused.edits, [
    {
      host: 'n1',
      path: '/etc/web/key.priv',
      kind: 'edited',
      from: null,
      hunks: null,
      why: 'it differs; it holds secrets, and is not shown',
    },
  ])
  const said = `${JSON.stringify([refused, bench.events])}${outcomeText(refused, true)}`
  assert.not.match(said, value)
  assert.not.match(said, 'a value of somebody')
})

test('a file that has lost its secret in the lab is not shown either: the host has it still', async ({ bench }) => {
  await deployed(bench, secret)
  writeFileSync(fileOf(bench, 'n1', '/etc/web/key.priv'), 'a value of somebody\n', { mode: 0o644 })
  const refused = await bench.deploy(one)
  assert.is(refused.edits?.[0]?.why, 'it differs; it holds secrets, and is not shown')
})

test("a secret of the lab's that somebody wrote into another file is masked, also on a host that has no use for it", async ({
  bench,
}) => {
  await deployed(bench, secret)
  const value = read(bench, 'n2', '/etc/web/key.priv').trim()
  writeFileSync(fileOf(bench, 'n1'), `one\npassword ${value}\n`)
  const refused = await bench.deploy(secret, { secrets: unasked(bench.secrets) })
  assert.is(refused.edits?.[0]?.hunks, '@@ -1,1 +1,2 @@\n one\n+password ***\n')
  assert.not.match(JSON.stringify(refused), value)
  const keyless = await bench.deploy(secret, { apply: false, secrets: null })
  assert.is(keyless.edits?.[0]?.why, 'it differs; without the secrets nobody can tell whether one is in it')
  assert.not.match(JSON.stringify(keyless), value)
})

const unseen: readonly (readonly [what: string, does: (file: string) => void, why: string])[] = [
  [
    'that only root may read',
    (file) => (writeFileSync(file, 'mine\n'), chmodSync(file, 0o600)),
    'it differs; not everybody may read it, and it is not shown',
  ],
  ['that is no text', (file) => writeFileSync(file, Buffer.from([0xff, 0, 1])), 'it differs; it is no text'],
  [
    'that is long',
    (file) => writeFileSync(file, 'x'.repeat(70_000)),
    'it differs; it is no regular file, or too long to be shown',
  ],
  ['that was removed', (file) => rmSync(file), 'it was removed'],
  [
    'of another mode',
    (file) => chmodSync(file, 0o666),
    'its bytes are as deployed, its mode and owner are not: 0666 root:root instead of 0644 root:root',
  ],
]
test('of a file that few may read, that is no text, long, gone or of another mode, no line is shown', async ({
  bench,
}) => {
  await deployed(bench, one)
  for (const [what, does, why] of unseen) {
    writeFileSync(fileOf(bench, 'n1'), 'one\n')
    chmodSync(fileOf(bench, 'n1'), 0o644)
    does(fileOf(bench, 'n1'))
    const refused = await bench.deploy(two, { apply: false })
    assertContract('outcome', refused)
    assert.equal([refused.exit, refused.edits?.[0]?.why, refused.edits?.[0]?.hunks], [4, why, null], what)
    assert.match(outcomeText(refused, true), `\nn1:${conf}: ${why}\n`)
  }
})

test('what was deployed is still known when its generation is gone and the lab is as it was; else the new file is compared with', async ({
  bench,
}) => {
  await deployed(bench, one)
  // A run keeps the generations of its own and of the one before.
  await deployed(bench, secret)
  await deployed(bench, one)
  await deployed(bench, secret)
  writeFileSync(fileOf(bench, 'n1'), 'edited\n')
  const same = (await bench.deploy(secret)).edits?.[0]
  assert.equal([same?.from, same?.hunks], ['deployed', '@@ -1,1 +1,1 @@\n-one\n+edited\n'])
  const changed = await bench.deploy(two)
  const edit = changed.edits?.find(({ path }) => path === conf)
  assert.equal([edit?.from, edit?.hunks], ['wanted', '@@ -1,1 +1,1 @@\n-two\n+edited\n'])
  assert.match(outcomeText(changed, true), 'what was deployed is not kept anywhere any more')
})

test('an edit that was brought into the lab is taken over, and nobody is asked', async ({ bench }) => {
  await deployed(bench, one)
  writeFileSync(fileOf(bench, 'n1'), 'two\n')
  const outcome = await bench.deploy(two)
  assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
  assert.is((await bench.deploy(two, { apply: false })).failure, null, 'no drift is left')
  assert.equal(kept(bench), [])
})

for (const [how, prepare, more] of [
  ['--override', (bench: Bench) => deployed(bench, one), { override: [`n1:${conf}`] }],
  ['--adopt', () => Promise.resolve(), { adopt: true }],
] as const) {
  test(`the bytes that ${how} replaces are kept for good where the message says, and can be put back`, async ({
    bench,
  }) => {
    await prepare(bench)
    writeFileSync(fileOf(bench, 'n1'), 'mine\n')
    const outcome = await bench.deploy(two, more)
    assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
    assert.is(read(bench, 'n1'), 'two\n')
    const [place, ...others] = kept(bench)
    assert.equal(others, [])
    assert.equal([place?.host, place?.path], ['n1', conf])
    for (const body of ['three', 'four', 'five']) await deployed(bench, smallRendering({ body }))
    writeFileSync(fileOf(bench, 'n1'), readFileSync(fileOf(bench, 'n1', place?.at)))
    assert.is(read(bench, 'n1'), 'mine\n')
  })
}

test('an override that fails puts the edited bytes back', async ({ bench }) => {
  await deployed(bench, one)
  writeFileSync(fileOf(bench, 'n1'), 'mine\n')
  const bad = smallRendering({ body: 'one' }, { n1: { body: 'two', asks: 'missing.service' } })
  const outcome = await bench.deploy(bad, { override: [`n1:${conf}`] })
  assert.is(outcome.exit, 3, JSON.stringify(outcome.failure))
  assert.is(read(bench, 'n1'), 'mine\n')
})

test('files that were there before us are shown against what would be written', async ({ bench }) => {
  writeFileSync(fileOf(bench, 'n2'), 'mine\n')
  const refused = await bench.deploy(one)
  assertContract('outcome', refused)
  assert.equal(refused.edits, [
    { host: 'n2', path: conf, kind: 'foreign', from: 'wanted', hunks: '@@ -1,1 +1,1 @@\n-one\n+mine\n', why: null },
  ])
  assert.match(refused.failure?.now ?? '', 'only n2 is blocked, and --only n1 n3 goes on without')
  assert.match(outcomeText(refused, true), 'quorate never wrote it')
})

const strays: readonly (readonly [what: string, override: string, only: readonly string[], next: string])[] = [
  ['that nobody edited', `n3:${conf}`, [], 'a file that nobody edited is written anyway'],
  ['of no host', `n9:${conf}`, [], 'name HOST:PATH as "quorate drift" shows it'],
  ['on a host that is left out', `n1:${conf}`, ['n2'], 'name n1 with --only too'],
]
test('--override of what nobody edited, or of a host that is none or left out, is refused with what to do', async ({
  bench,
}) => {
  await deployed(bench, one)
  writeFileSync(fileOf(bench, 'n1'), 'edited\n')
  for (const [what, override, only, next] of strays) {
    const refused = await bench.deploy(two, { override: [override], only })
    assert.is(refused.exit, 2, what)
    assert.match(refused.failure?.next ?? '', next)
  }
  assert.equal([read(bench, 'n1'), read(bench, 'n3')], ['edited\n', 'one\n'])
})

test('--override of a file that we never wrote is refused, and --adopt named', async ({ bench }) => {
  writeFileSync(fileOf(bench, 'n2'), 'mine\n')
  const refused = await bench.deploy(one, { override: [`n2:${conf}`] })
  assert.is(refused.exit, 2)
  assert.match(refused.failure?.next ?? '', `quorate never wrote n2:${conf}: --adopt takes it over`)
})

test('a file that leaves the lab is kept in its generation', async ({ bench }) => {
  await deployed(bench, one)
  const outcome = await bench.deploy(gone)
  assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
  assert.not.ok(existsSync(fileOf(bench, 'n3')))
  const generations = fileOf(bench, 'n3', '/var/lib/quorate/generations')
  const old = readdirSync(generations).map((name) => join(generations, name, 'old/0'))
  assert.ok(old.some((file) => existsSync(file) && readFileSync(file, 'utf8') === 'one\n'))
})

test('one that leaves the lab and was edited stays until somebody says so, and is kept for good then', async ({
  bench,
}) => {
  await deployed(bench, one)
  writeFileSync(fileOf(bench, 'n3'), 'mine\n')
  const refused = await bench.deploy(gone)
  assert.is(refused.exit, 4)
  assert.match(refused.edits?.[0]?.hunks ?? '', '-one\n+mine\n')
  assert.is(read(bench, 'n3'), 'mine\n')
  const outcome = await bench.deploy(gone, { override: [`n3:${conf}`] })
  assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
  assert.not.ok(existsSync(fileOf(bench, 'n3')))
  assert.is(read(bench, 'n3', kept(bench)[0]?.at), 'mine\n')
})

test.run()
