import { writeFileSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { sha256 } from '../../scripts/lib/bundle/canonical.ts'
import { inspect } from '../../scripts/lib/deployment/inspect.ts'
import { FailureError } from '../../scripts/lib/failure.ts'
import { localHost, type LocalHost } from './local-host.ts'

const test = suite<{ host: LocalHost }>('what a host says about itself')

test.before.each(async (context) => {
  context.host = await localHost()
})
test.after.each(({ host }) => host.close())

const look = (host: LocalHost, paths: readonly string[] = []) =>
  inspect('host', host.session, { paths, needs: [], serials: [] })

/** What `sum` of a tool prints, with one line of it left out: the file went away while the tool was at work. */
const forgetful = (tool: string) => `/usr/bin/${tool} "$@" | grep -v two`

const files = { '/etc/web/one': 'one\n', '/etc/web/two': 'two\n', '/etc/web/three': 'three\n' }

async function seen(host: LocalHost) {
  for (const [path, content] of Object.entries(files)) host.write(path, content, path.endsWith('two') ? 0o600 : 0o644)
  mkdirSync(join(host.root, 'etc/web/folder'))
  symlinkSync('one', join(host.root, 'etc/web/link'))
  const asked = [
    '/etc/web/link',
    '/etc/web/one',
    '/etc/web/absent',
    '/etc/web/two',
    '/etc/web/folder',
    '/etc/web/three',
  ]
  const { paths } = await look(host, asked)
  return paths
}

function expectAll(paths: Awaited<ReturnType<typeof seen>>) {
  for (const [path, content] of Object.entries(files)) {
    const fact = paths[path]
    assert.is(fact?.kind === 'file' ? fact.content : fact?.kind, sha256(content), path)
    assert.is(fact?.kind === 'file' ? fact.mode : null, path.endsWith('two') ? '0600' : '0644', path)
  }
  assert.equal(paths['/etc/web/link'], { kind: 'other' })
  assert.equal(paths['/etc/web/folder'], { kind: 'other' })
  assert.equal(paths['/etc/web/absent'], { kind: 'absent' })
}

test('every file has its own content and mode, between links, folders and what is not there', async ({ host }) => {
  expectAll(await seen(host))
})

for (const tool of ['sha256sum', 'stat']) {
  test(`a line that ${tool} leaves out gives no file the facts of another`, async ({ host }) => {
    host.replace(tool, `case $* in *one*three*) ${forgetful(tool)} ;; *) exec /usr/bin/${tool} "$@" ;; esac`)
    expectAll(await seen(host))
  })
}

const fencing = (state: string, watchdog: string) =>
  `fencing ${state}, resource mode: freeze (CRM watchdog ${watchdog})\n`
const haAnswers: readonly (readonly [string, string])[] = [
  ['quorum OK\n', 'none'],
  ['quorum OK\nmaster n1 (active, x)\nlrm n1 (idle, x)\nlrm n2 (wait_for_agent_lock, x)\n', 'idle'],
  ['quorum OK\nlrm n1 (idle, x)\nlrm n2 (active, x)\n', 'armed'],
  ['quorum OK\nlrm n1 (some new state, x)\n', 'armed'],
  ['quorum OK\nfencing standby (CRM watchdog standby)\nlrm n1 (idle, watchdog standby, x)\n', 'idle'],
  ['quorum OK\nfencing armed (CRM watchdog active)\nlrm n1 (active, watchdog active, x)\n', 'armed'],
  ['quorum OK\nfencing armed (CRM watchdog active)\nlrm n1 (idle, watchdog standby, x)\n', 'armed'],
  [`quorum OK\n${fencing('disarming', 'active')}lrm n1 (disarm mode, watchdog released, x)\n`, 'disarming'],
  [`quorum OK\n${fencing('disarmed', 'released')}lrm n1 (disarm mode, watchdog active, x)\n`, 'disarming'],
  [`quorum OK\n${fencing('disarmed', 'released')}lrm n1 (old timestamp - dead?, watchdog standby, x)\n`, 'disarming'],
  [`quorum OK\n${fencing('disarmed', 'released')}lrm n1 (disarm mode, watchdog released, x)\n`, 'disarmed'],
  ['quorum OK\nfencing some new state\nlrm n1 (idle, watchdog standby, x)\n', 'disarming'],
  [fencing('disarmed', 'released'), 'unknown'],
  ['', 'unknown'],
  ['{"answer": "in another form"}\n', 'unknown'],
]
for (const [said, means] of haAnswers) {
  test(`a resource manager that says ${JSON.stringify(said)} is ${means}`, async ({ host }) => {
    host.replace('ha-manager', `printf '%s' '${said}'`)
    assert.is((await look(host)).ha, means)
  })
}

test('a resource manager that fails is unknown', async ({ host }) => {
  host.replace('ha-manager', 'echo "quorum OK"; exit 1')
  assert.is((await look(host)).ha, 'unknown')
})

const manifests: readonly (readonly [string, string])[] = [
  ['{}', 'an object of another form'],
  ['{"format":2,"host":"host","parts":[],"groups":[],"services":{}}', 'a later format'],
  ['{"format":1,"host":"other","parts":[],"groups":[],"services":{}}', "another host's"],
  ['[]', 'a list'],
]
for (const [manifest, what] of manifests) {
  test(`a manifest that is ${what} is told of, and not planned with`, async ({ host }) => {
    mkdirSync(join(host.root, 'var/lib/quorate'), { recursive: true })
    writeFileSync(join(host.root, 'var/lib/quorate/manifest.json'), manifest)
    try {
      await look(host)
      assert.unreachable('it was believed')
    } catch (error) {
      assert.instance(error, FailureError)
      assert.match((error as FailureError).message, 'manifest.json')
    }
  })
}

test.run()
