import { existsSync } from 'node:fs'
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openGit, type Git } from '../../scripts/lib/bundle/git.ts'
import { temporaryRepository, type TemporaryRepository } from './temporary-repository.ts'

const test = suite<{ repository: TemporaryRepository }>('git')
test.before.each(async (context) => {
  context.repository = await temporaryRepository()
})
test.after.each(async ({ repository }) => repository.remove())

async function open(folder: string): Promise<Git> {
  const git = await openGit(folder)
  if (git === null) throw new Error('no repository')
  return git
}

async function refused(action: Promise<unknown>): Promise<string> {
  return action.then(
    (answer) => assert.unreachable(`it was accepted: ${String(answer)}`),
    (error: Error) => error.message,
  ) as Promise<string>
}

test('a folder outside of any repository has no history', async ({ repository }) => {
  await rm(join(repository.folder, '.git'), { recursive: true })
  assert.is(await openGit(repository.folder), null)
})

test('a repository that git refuses is not taken for none', async ({ repository }) => {
  await rm(join(repository.folder, '.git'), { recursive: true })
  await repository.write({ '.git': 'no pointer\n' })
  assert.match(await refused(openGit(repository.folder)), /git refuses .*invalid gitfile format/)
})

test('before the first commit there is none, and nothing to compare with', async ({ repository }) => {
  const git = await open(repository.folder)
  assert.equal(await git.current(), { commit: null, uncommitted: false })
  assert.is(await git.mergeBase(), null)
})

test('the current commit says whether something differs from it', async ({ repository }) => {
  const commit = await repository.commit({ 'lab/lab.yaml': 'name: a\n' })
  const git = await open(repository.folder)
  assert.equal(await git.current(), { commit, uncommitted: false })
  await repository.write({ 'lab/new.yaml': '' })
  assert.equal(await git.current(), { commit, uncommitted: true })
})

test('the base is where the branch left the main branch, and the commit itself on the main branch', async ({
  repository,
}) => {
  const base = await repository.commit({ a: '1' })
  const git = await open(repository.folder)
  assert.is(await git.mergeBase(), base)
  repository.git('checkout', '-q', '-b', 'topic')
  await repository.commit({ a: '2' })
  repository.git('checkout', '-q', 'main')
  await repository.commit({ b: '1' })
  repository.git('checkout', '-q', 'topic')
  assert.is(await git.mergeBase(), base)
})

test("the remote's main branch comes before the local one, and without any the user is asked", async ({
  repository,
}) => {
  const first = await repository.commit({ a: '1' })
  await repository.commit({ a: '2' })
  repository.git('update-ref', 'refs/remotes/origin/main', first)
  const git = await open(repository.folder)
  assert.is(await git.mergeBase(), first)
  repository.git('update-ref', '-d', 'refs/remotes/origin/main')
  repository.git('branch', '-q', '-m', 'trunk')
  assert.match(await refused(git.mergeBase()), /--base REV/)
})

test('histories without a commit in common have no base', async ({ repository }) => {
  await repository.commit({ a: '1' })
  repository.git('checkout', '-q', '--orphan', 'other')
  await repository.commit({ a: '2' })
  assert.match(await refused((await open(repository.folder)).mergeBase()), /no commit in common/)
})

test('branches, tags and hashes are resolved to the commit', async ({ repository }) => {
  const commit = await repository.commit({ a: '1' })
  repository.git('tag', '-a', 'v1', '-m', 'one')
  const git = await open(repository.folder)
  for (const name of ['main', 'v1', 'HEAD', commit.slice(0, 8), 'refs/heads/main'])
    assert.is(await git.resolve(name), commit)
})

for (const name of [
  '--all',
  '-h',
  '--output=pwned',
  '',
  ' ',
  'nope',
  'HEAD:a',
  'main..main',
  'main\n--all',
  '^HEAD',
  'HEAD^{tree}',
  '\0',
]) {
  test(`${JSON.stringify(name)} is no revision`, async ({ repository }) => {
    await repository.commit({ a: '1' })
    assert.match(await refused((await open(repository.folder)).resolve(name)), /is no commit of this repository/)
    assert.not.ok(existsSync(join(repository.folder, 'pwned')))
  })
}

test('the deployed commit is moved where it still is what it was, and only there', async ({ repository }) => {
  const first = await repository.commit({ a: '1' })
  const second = await repository.commit({ a: '2' })
  const git = await open(repository.folder)
  assert.is(await git.deployed(), null)
  assert.is(await git.moveDeployed(first, second), false, 'there is none yet')
  assert.is(await git.moveDeployed(first, null), true)
  assert.is(await git.moveDeployed(second, null), false, 'there is one already')
  assert.is(await git.moveDeployed(second, first), true)
  assert.is(await git.moveDeployed(first, second), true, 'back')
  assert.is(await git.deployed(), first)
  await repository.write({ '.git/refs/quorate/deployed.lock': '' })
  assert.match(await refused(git.moveDeployed(second, first)), /git does not move refs\/quorate\/deployed/)
  assert.is(await git.deployed(), first)
})

test('the commits between two are those that touch the path, whatever their subjects hold', async ({ repository }) => {
  const first = await repository.commit({ 'lab/a': '1', 'lab/*': '1' })
  await repository.commit({ b: '1' })
  await repository.write({ 'lab/a': '2' })
  repository.git('add', '--all')
  repository.git('commit', '-q', '-m', 'two  words \u001b[31mred\n\nbody')
  const git = await open(repository.folder)
  const [commit, ...more] = await git.commitsBetween(first, 'main', 'lab')
  assert.equal(commit, { commit: await git.resolve('main'), subject: 'two  words \u001b[31mred' })
  assert.equal(more, [])
  assert.equal(await git.commitsBetween('main', first, 'lab'), [])
  assert.equal(await git.commitsBetween(first, 'main', 'lab/*'), [], 'a name is no pattern')
})

test('changed paths are those that differ, are gone or are not tracked, among those asked for', async ({
  repository,
}) => {
  const commit = await repository.commit({ 'renderers/a': '1', 'renderers/b': '1', 'lab/a': '1' })
  await repository.write({ 'renderers/a': '2', 'renderers/ä\n': '1', 'lab/a': '2' })
  await rm(join(repository.folder, 'renderers/b'))
  const git = await open(repository.folder)
  assert.equal((await git.changedPaths(commit, ['renderers', 'scripts'])).toSorted(), [
    'renderers/a',
    'renderers/b',
    'renderers/ä\n',
  ])
  assert.equal(await git.changedPaths(commit, ['scripts']), [])
})

test('what differs anywhere is found from a folder below as well, relative to the top', async ({ repository }) => {
  const commit = await repository.commit({ 'tools/lab/a': '1', 'scripts/a': '1', gone: '1' })
  await repository.write({ 'tools/lab/a': '2', 'scripts/ä\n': '1', 'tools/new': '1' })
  await rm(join(repository.folder, 'gone'))
  repository.git('config', 'diff.relative', 'true')
  const git = await open(join(repository.folder, 'tools'))
  assert.equal((await git.changedAnywhere(commit)).toSorted(), ['gone', 'scripts/ä\n', 'tools/lab/a', 'tools/new'])
})

test('a second work tree holds the commit; hooks do not run, and nothing of it is left', async ({ repository }) => {
  const commit = await repository.commit({ a: '1' })
  await repository.write({ a: '2' })
  const hook = join(repository.folder, '.git', 'hooks', 'post-checkout')
  await mkdir(join(hook, '..'), { recursive: true })
  await writeFile(hook, '#!/bin/sh\ntouch "$(git rev-parse --git-common-dir)/hooked"\n')
  await chmod(hook, 0o755)
  const git = await open(repository.folder)
  const tree = join(repository.folder, '.git', 'tree')
  await git.addWorktree(tree, commit)
  assert.is(await repository.read('.git/tree/a'), '1')
  await writeFile(join(tree, 'litter'), 'x')
  await git.removeWorktree(tree)
  assert.not.ok(existsSync(tree))
  assert.not.ok(existsSync(join(repository.folder, '.git', 'hooked')))
  assert.is(repository.git('worktree', 'list', '--porcelain').match(/^worktree/gm)?.length, 1)
  // The hook would have run otherwise.
  repository.git('worktree', 'add', '--detach', tree, commit)
  assert.ok(existsSync(join(repository.folder, '.git', 'hooked')))
})

test("the folder's way from the top of the work tree is known", async ({ repository }) => {
  await repository.commit({ 'sub/lab/a': '1' })
  assert.is((await open(join(repository.folder, 'sub'))).prefix, 'sub')
  assert.is((await open(repository.folder)).prefix, '')
})

test.run()
