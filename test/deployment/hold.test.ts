/** A deployment that has not ended well holds the next one: the verb, on real git repositories and embedded nodes. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Outcome } from '../../scripts/lib/deployment/outcome.ts'
import { assertContract } from '../contracts/contract.ts'
import { labOf, startGitLab, type GitLab } from './git-lab.ts'

const test = suite<{ lab: GitLab }>('the hold')

const items = (probe: string) => `banner:
  title: What a person reads after logging in
  hosts: [nodes]
  layer: monitoring
  files: [/etc/motd.d/banner]
${probe}`
const probe = '  probe: [{ title: it is well, run: [systemctl, is-active, missing.service], withinSeconds: 1 }]\n'
const holding = (text: string, isBad = false) =>
  labOf(['n1', 'n2'], items(isBad ? probe : ''), { 'nodes/etc/motd.d/banner': `${text}\n` })

test.before.each(async (context) => {
  context.lab = await startGitLab(holding('one'))
})
test.after.each(async ({ lab }) => lab.close())

const unfinished = ({ repository }: GitLab) =>
  repository.git('for-each-ref', '--format=%(objectname)', 'refs/quorate/unfinished').trim()
const banner = (lab: GitLab) => lab.read('n1', 'etc/motd.d/banner')

/** One is deployed, two is not: its probe fails. The hashes of both. */
async function failed(lab: GitLab): Promise<readonly [string, string]> {
  const one = await lab.commit(holding('one'))
  assert.is((await lab.deploy()).exit, 0)
  assert.is(unfinished(lab), '')
  const two = await lab.commit(holding('two', true))
  const run = await lab.deploy()
  assert.is(run.exit, 3, run.note)
  assert.match(run.note, `refs/quorate/unfinished is at ${two.slice(0, 7)}: no other commit is deployed`)
  assert.is(unfinished(lab), two)
  return [one, two]
}

test('after a failure the next commit says what it would carry along and contacts no host, until somebody names it', async ({
  lab,
}) => {
  const [one, two] = await failed(lab)
  const three = await lab.commit(holding('three'))
  const look = await lab.deploy({ apply: false })
  assert.is(look.exit, 0)
  assert.match(look.note, 'with --apply it would not begin')
  const held = await lab.deploy({ json: true })
  assert.is(held.exit, 4)
  const outcome = JSON.parse(held.out) as Outcome
  assertContract('outcome', outcome)
  assert.equal(
    [outcome.held?.unfinished, outcome.held?.deployed, outcome.held?.carries.map(({ commit }) => commit)],
    [two, one, [three, two]],
  )
  assert.match(held.note, `2 commits that touch the lab:\n  ${three.slice(0, 7)} change\n  ${two.slice(0, 7)} change\n`)
  assert.is(banner(lab), 'one\n')
  assert.equal([unfinished(lab), lab.deployed()], [two, one])
  const words = await lab.deploy()
  assert.match(words.note, 'error: held: the deployment before is not over (exit 4)')
  assert.match(words.note, `quorate deploy --apply --at ${three.slice(0, 7)}`)
  const named = await lab.deploy({ at: three })
  assert.is(named.exit, 0, named.note)
  assert.match(named.note, 'refs/quorate/unfinished is gone')
  assert.equal([banner(lab), unfinished(lab), lab.deployed()], ['three\n', '', three])
})

test('what is exactly the deployed commit, as a revert is, carries nothing along and is not held', async ({ lab }) => {
  await failed(lab)
  const back = await lab.commit(holding('one'))
  const run = await lab.deploy()
  assert.is(run.exit, 0, run.note)
  assert.equal([unfinished(lab), lab.deployed()], ['', back])
})

test('the unfinished commit itself may be tried again', async ({ lab }) => {
  const [, two] = await failed(lab)
  const again = await lab.deploy()
  assert.is(again.exit, 3, again.note)
  assert.is(unfinished(lab), two)
})

test('a run says that it is unfinished before it writes to a host', async ({ lab }) => {
  const one = await lab.commit(holding('one'))
  const going = lab.deploy()
  while (banner(lab) !== 'one\n') await lab.hosts.clock.sleep(100)
  assert.is(unfinished(lab), one)
  assert.is((await going).exit, 0)
  assert.is(unfinished(lab), '')
})

test('a run that begins no step, or is for some hosts only, leaves the hold as it was', async ({ lab }) => {
  const [, two] = await failed(lab)
  const three = await lab.commit(holding('three'))
  const some = await lab.deploy({ at: three, only: ['n1'] })
  assert.is(some.exit, 0, some.note)
  assert.is(unfinished(lab), two)
  assert.is((await lab.deploy({ at: three })).exit, 0)
  writeFileSync(join(lab.hosts.folder('n2'), 'etc/motd.d/banner'), 'by hand\n')
  await lab.commit(holding('four'))
  const refused = await lab.deploy()
  assert.is(refused.exit, 4, refused.note)
  assert.is(unfinished(lab), '', 'nothing was written anywhere')
})

test('a ref that names nothing that is there still holds', async ({ lab }) => {
  await lab.commit(holding('one'))
  assert.is((await lab.deploy()).exit, 0)
  const file = join(lab.repository.folder, '.git/refs/quorate/unfinished')
  writeFileSync(file, `${'1'.repeat(40)}\n`)
  await lab.commit(holding('two'))
  assert.is((await lab.deploy()).exit, 4)
  assert.is(banner(lab), 'one\n')
})

test.run()
