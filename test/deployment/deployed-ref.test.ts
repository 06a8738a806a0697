/** Which commit is known as deployed, and going back to an older one: the verb, on real git repositories and embedded nodes. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { FailureError } from '../../scripts/lib/failure.ts'
import { labOf, startGitLab, type GitLab } from './git-lab.ts'

const test = suite<{ lab: GitLab }>('the deployed commit')

const banner = `banner:
  title: What a person reads after logging in
  hosts: [nodes]
  layer: monitoring
  files: [/etc/motd.d/banner]
`
const web = `web:
  title: A service
  hosts: [nodes]
  layer: monitoring
  files: [/etc/web.conf]
  onChange: [{ unit: web.service, do: enable }, { unit: web.service, do: start }, { unit: web.service, do: reload }]
  onRemove: [{ unit: web.service, do: stop }, { unit: web.service, do: disable }]
`
const extra = `extra:
  title: A file of one host
  hosts: [n2]
  layer: monitoring
  files: [/etc/extra.conf]
`
const older = labOf(['n1', 'n2'], `${banner}${web}`, {
  'nodes/etc/motd.d/banner': 'one\n',
  'nodes/etc/web.conf': 'web\n',
})
const newer = labOf(['n1', 'n2', 'n3'], `${banner}${extra}`, {
  'nodes/etc/motd.d/banner': 'two\n',
  'n2/etc/extra.conf': 'extra\n',
})

/** Everything that any commit has: what is installed on the hosts. */
const whole = { ...older, ...newer, 'services/custom.yaml': `${banner}${web}${extra}` }

test.before.each(async (context) => {
  context.lab = await startGitLab(whole)
})
test.after.each(async ({ lab }) => lab.close())

const active = (lab: GitLab, host: string) =>
  /^ActiveState=active$/m.test(lab.read(host, 'run/sim/units/web.service') ?? '')

async function refused(action: Promise<unknown>): Promise<FailureError> {
  return action.then(
    () => assert.unreachable('it went through'),
    (error: FailureError) => error,
  ) as Promise<FailureError>
}

test('the ref is made when all hosts are at a commit, and follows the next; looking moves nothing', async ({ lab }) => {
  const first = await lab.commit(older)
  const look = await lab.deploy({ apply: false })
  assert.is(look.exit, 0)
  assert.match(look.note, `goes to ${first.slice(0, 7)}; from where is not known`)
  assert.is(lab.deployed(), null)
  const done = await lab.deploy()
  assert.is(done.exit, 0, done.note)
  assert.match(done.note, `refs/quorate/deployed is at ${first.slice(0, 7)} now`)
  assert.is(lab.deployed(), first)
  assert.match((await lab.deploy()).note, 'where all hosts were last brought to')
  const second = await lab.commit(newer)
  const next = await lab.deploy()
  assert.is(next.exit, 0, next.note)
  assert.match(
    next.note,
    `goes from ${first.slice(0, 7)} to ${second.slice(0, 7)}; 1 commit that touches the lab:\n  ${second.slice(0, 7)} change\n`,
  )
  assert.is(lab.deployed(), second)
})

test('an older commit is a real way back: what came since goes, what had left is there again, and the ref follows', async ({
  lab,
}) => {
  const first = await lab.commit(older)
  assert.is((await lab.deploy()).exit, 0)
  assert.ok(active(lab, 'n1'))
  await lab.commit(newer)
  const forward = await lab.deploy()
  assert.is(forward.exit, 0, forward.note)
  assert.equal(
    [lab.read('n3', 'etc/motd.d/banner'), lab.read('n2', 'etc/extra.conf'), lab.read('n1', 'etc/web.conf')],
    ['two\n', 'extra\n', null],
  )
  assert.not.ok(active(lab, 'n1'))
  const back = await lab.deploy({ at: first })
  assert.is(back.exit, 0, back.note)
  assert.match(back.note, `back to ${first.slice(0, 7)}; takes back 1 commit`)
  for (const host of ['n1', 'n2']) {
    assert.equal([lab.read(host, 'etc/motd.d/banner'), lab.read(host, 'etc/web.conf')], ['one\n', 'web\n'])
    assert.ok(active(lab, host))
    assert.match(lab.read(host, 'var/lib/quorate/deployed') ?? '', first)
  }
  assert.equal([lab.read('n2', 'etc/extra.conf'), lab.read('n3', 'etc/motd.d/banner')], [null, null])
  assert.is(lab.deployed(), first)
})

test('a mistake in the newest commit, which cannot even be rendered, does not stand in the way back', async ({
  lab,
}) => {
  const first = await lab.commit(older)
  assert.is((await lab.deploy()).exit, 0)
  await lab.commit({ ...newer, 'nodes/n3.yaml': 'title: [\n' })
  assert.is((await refused(lab.deploy())).exit, 1)
  const back = await lab.deploy({ at: first })
  assert.is(back.exit, 0, back.note)
  assert.is(lab.deployed(), first)
})

test('a node that left some commits ago is found by the deployed one, and once it is off, nobody asks for it again', async ({
  lab,
}) => {
  await lab.commit(newer)
  assert.is((await lab.deploy()).exit, 0)
  const { 'nodes/n3.yaml': _, ...without } = newer
  await lab.commit(without)
  const last = await lab.commit({ ...without, 'files/nodes/etc/motd.d/banner': 'three\n' })
  const done = await lab.deploy()
  assert.is(done.exit, 0, done.note)
  assert.is(lab.read('n3', 'etc/motd.d/banner'), null)
  assert.is(lab.deployed(), last)
  await lab.hosts.node('n3').kill()
  const again = await lab.deploy()
  assert.is(again.exit, 0, again.note)
})

test('where a host was left out the ref stays, and says for whom', async ({ lab }) => {
  const first = await lab.commit(newer)
  const some = await lab.deploy({ only: ['n1'] })
  assert.is(some.exit, 0, some.note)
  assert.match(some.note, 'refs/quorate/deployed is not made: n2, n3 were left out')
  assert.is(lab.deployed(), null)
  assert.is((await lab.deploy()).exit, 0)
  await lab.commit({ ...newer, 'files/nodes/etc/motd.d/banner': 'three\n' })
  await lab.hosts.node('n3').kill()
  const dead = await lab.deploy({ without: ['n3'] })
  assert.is(dead.exit, 0, dead.note)
  assert.match(dead.note, `refs/quorate/deployed stays at ${first.slice(0, 7)}: n3 was left out`)
  assert.is(lab.deployed(), first)
  const { 'nodes/n3.yaml': _, ...gone } = newer
  const last = await lab.commit(gone)
  const done = await lab.deploy({ without: ['n3'] })
  assert.is(done.exit, 0, done.note)
  assert.is(lab.deployed(), last, 'a dead node that the lab has no more is none of its hosts')
})

test('a run that fails leaves the ref', async ({ lab }) => {
  const first = await lab.commit(older)
  assert.is((await lab.deploy()).exit, 0)
  const probe = '  probe: [{ title: it is well, run: [systemctl, is-active, missing.service], withinSeconds: 1 }]\n'
  await lab.commit({ ...older, 'services/custom.yaml': `${banner}${web}${probe}`, 'files/nodes/etc/web.conf': 'bad\n' })
  const failed = await lab.deploy()
  assert.is(failed.exit, 3, failed.note)
  assert.is(lab.deployed(), first)
})

test('what is not committed is shown and never deployed, also where git shows nothing of it', async ({ lab }) => {
  const first = await lab.commit(older)
  assert.is((await lab.deploy()).exit, 0)
  const file = join(lab.lab, 'files/nodes/etc/motd.d/banner')
  writeFileSync(file, 'edited\n')
  assert.match((await lab.deploy({ apply: false })).note, `goes to ${first.slice(0, 7)} and what is not committed`)
  assert.match((await refused(lab.deploy())).message, 'changes that are not committed')
  lab.repository.git('update-index', '--skip-worktree', 'lab/files/nodes/etc/motd.d/banner')
  const { message, exit } = await refused(lab.deploy())
  assert.is(exit, 2)
  assert.match(
    message,
    `commit ${first.slice(0, 7)} gives other files than the working tree does (n1:/etc/motd.d/banner`,
  )
  assert.is(lab.read('n1', 'etc/motd.d/banner'), 'one\n')
  assert.is(lab.deployed(), first)
})

test('a lab that git ignores is refused, and one in no repository moves nothing', async ({ lab }) => {
  await lab.commit(older)
  lab.repository.git('rm', '-q', '-r', '--cached', 'lab')
  await lab.repository.commit({ '.gitignore': 'node_modules/\nlab/\n' })
  assert.match((await refused(lab.deploy())).message, 'gives other files than the working tree does')
  rmSync(join(lab.repository.folder, '.git'), { recursive: true })
  const done = await lab.deploy()
  assert.is(done.exit, 0, done.note)
  assert.match(done.note, 'refs/quorate/deployed is not made: what is deployed is in no commit')
})

test('a ref that somebody moved meanwhile is left as it is, and the next run sets it right', async ({ lab }) => {
  const first = await lab.commit(older)
  assert.is((await lab.deploy()).exit, 0)
  const second = await lab.commit({ ...older, 'files/nodes/etc/motd.d/banner': 'two\n' })
  const going = lab.deploy()
  while (lab.read('n1', 'etc/motd.d/banner') !== 'two\n') await lab.hosts.clock.sleep(100)
  lab.repository.git('update-ref', '-d', 'refs/quorate/deployed')
  const done = await going
  assert.is(done.exit, 0, done.note)
  assert.match(done.note, 'refs/quorate/deployed was not moved: somebody moved it while this run went on')
  assert.is(lab.deployed(), null)
  assert.is.not(first, second)
  assert.is((await lab.deploy()).exit, 0)
  assert.is(lab.deployed(), second)
})

test.run()
