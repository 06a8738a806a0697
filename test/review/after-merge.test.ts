/** After the merge, end to end: a bare repository, embedded nodes and GitHub's stand-in, with the jobs of the workflow one after the other. */
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { announce } from '../../scripts/announce.ts'
import type { Revert } from '../../scripts/lib/review/revert-branch.ts'
import { labOf, startGitLab, type GitLab } from '../deployment/git-lab.ts'
import { deployedScript } from '../workflows/deployed-script.ts'
import { standIn, type StandIn } from './github-stand-in.ts'
import { assertWhole } from './markdown-rules.ts'
import { nasty } from './reviews.ts'

const token = 'ghs_poisonousToken'
const probe = '  probe: [{ title: it is well, run: [systemctl, is-active, missing.service], withinSeconds: 1 }]\n'
const items = (isBad: boolean) =>
  `banner:\n  title: A banner\n  hosts: [nodes]\n  layer: monitoring\n  files: [/etc/motd.d/banner]\n${isBad ? probe : ''}`
const holding = (text: string, isBad = false) =>
  labOf(['n1', 'n2'], items(isBad), { 'nodes/etc/motd.d/banner': `${text}\n` })

interface Context {
  lab: GitLab
  github: StandIn
}

const test = suite<Context>('after the merge')
test.before.each(async (context) => {
  context.lab = await startGitLab(holding('one'))
  context.github = await standIn(token)
  const { git, folder } = context.lab.repository
  git('init', '-q', '--bare', join(folder, 'node_modules/bare.git'))
  git('remote', 'add', 'origin', join(folder, 'node_modules/bare.git'))
})
test.after.each(async ({ lab, github }) => {
  await lab.close()
  await github.close()
})

/** Where a ref is at the origin; empty where it is not there. */
function at({ lab: { repository } }: Context, ref: string): string {
  return repository.git('-C', 'node_modules/bare.git', 'for-each-ref', '--format=%(objectname)', ref).trim()
}

/** Commits it, pushes the branch, and has GitHub know the pull request that brought it. */
async function merge(context: Context, number: number, files: Parameters<GitLab['commit']>[0]): Promise<string> {
  const commit = await context.lab.commit(files)
  context.lab.repository.git('push', '-q', 'origin', 'main')
  const merged = { number, merged_at: '2026-01-01T10:00:00Z', merge_commit_sha: commit, commits: [commit] }
  context.github.afterMerge.merged.push(merged)
  return commit
}

/** The jobs of deploy.yml. `breaksOff`: the runner is lost while it deploys, and says nothing of what it did. */
async function run(context: Context, { by, breaksOff = false }: { by?: string; breaksOff?: boolean } = {}) {
  const { lab } = context
  const { git, folder } = lab.repository
  const commit = by ?? git('rev-parse', 'HEAD').trim()
  // A runner begins with a clone of its own.
  for (const ref of git('for-each-ref', '--format=%(refname)', 'refs/quorate').split('\n').filter(Boolean)) {
    git('update-ref', '-d', ref)
  }
  const script = (...args: readonly string[]) => deployedScript(folder, ...args)
  assert.is(script('begin', commit).status, 0)
  assert.is(script('fetch').status, 0)
  const local = (name: string) => git('for-each-ref', '--format=%(objectname)', `refs/quorate/${name}`).trim()
  const before = { deployed: local('deployed'), unfinished: local('unfinished') }
  const { exit, out } = await lab.deploy({ json: true, ...(by === undefined ? {} : { at: by }) })
  const outcome = join(folder, 'node_modules/outcome.json')
  rmSync(outcome, { force: true })
  let revert: Revert = 'none'
  if (!breaksOff) {
    writeFileSync(outcome, out)
    assert.is(script('move', 'deployed', before.deployed, local('deployed')).status, 0)
    assert.is(script('move', 'unfinished', before.unfinished, local('unfinished')).status, 0)
  }
  if (exit !== 0 || breaksOff) {
    script('fetch')
    revert = script('revert', commit).printed as Revert
  }
  await tell(context, { outcome, commit, revert, ...(breaksOff ? { exit: '' } : { exit: String(exit) }) })
  return { exit, revert }
}

async function tell({ github }: Context, options: Omit<Parameters<typeof announce>[0], 'dryRun' | 'json'>) {
  const terminal = { out: () => {}, note: () => {}, colour: false, columns: 80, live: false }
  await announce({ dryRun: false, json: false, ...options }, terminal, {
    GITHUB_API_URL: github.url,
    GITHUB_SERVER_URL: 'https://github.example',
    GITHUB_TOKEN: token,
    GITHUB_REPOSITORY: 'o/r',
    GITHUB_RUN_ID: '7',
  })
}

const statuses = ({ github }: Context) => github.afterMerge.statuses.map(({ sha, state }) => [sha, state])
const banner = ({ lab }: Context) => lab.read('n1', 'etc/motd.d/banner')

test('a failing deployment is told, held and prepared to be taken back, until a person goes on', async (context) => {
  const { afterMerge } = context.github
  const one = await merge(context, 1, holding('one'))
  assert.is((await run(context)).exit, 0)
  assert.equal([at(context, 'refs/quorate/deployed'), at(context, 'refs/quorate/unfinished')], [one, ''])
  assert.equal(statuses(context), [[one, 'success']])
  assert.equal([afterMerge.issues, afterMerge.comments], [[], []])

  const two = await merge(context, 2, holding('two', true))
  assert.equal(await run(context), { exit: 3, revert: 'made' })
  assert.equal([at(context, 'refs/quorate/deployed'), at(context, 'refs/quorate/unfinished')], [one, two])
  assert.is(banner(context), 'one\n')
  const [issue] = afterMerge.issues
  assert.match(issue?.body ?? '', '| `n1` | ↩️ wholly old: taken back |')
  assert.match(issue?.body ?? '', `compare/quorate/revert-${two.slice(0, 12)}`)
  assert.equal(
    afterMerge.comments.map((comment) => [comment.issue, comment.body]),
    [[2, issue?.body]],
  )
  const branch = `quorate/revert-${two.slice(0, 12)}`
  assert.is.not(at(context, `refs/heads/${branch}`), '')

  const words = nasty
    .filter((text) => !text.includes('\u0000'))
    .join(' ')
    .replaceAll('\n', ' ')
  const hostile = `${words} $(touch owned) \`touch owned\`; touch owned`
  const three = await merge(context, 3, holding('three'))
  context.lab.repository.git('commit', '-q', '--amend', '--cleanup=verbatim', '-m', hostile)
  const amended = context.lab.repository.git('rev-parse', 'HEAD').trim()
  context.lab.repository.git('push', '-q', '--force', 'origin', 'main')
  afterMerge.merged.push({ number: 3, merged_at: 'then', merge_commit_sha: amended, commits: [amended] })
  assert.is.not(three, amended)
  assert.is((await run(context)).exit, 4)
  assert.is(banner(context), 'one\n')
  assert.equal([at(context, 'refs/quorate/deployed'), at(context, 'refs/quorate/unfinished')], [one, two])
  const waiting = afterMerge.comments.filter((comment) => comment.issue === issue?.number)
  assert.is(waiting.length, 1)
  assert.match(waiting[0]?.body ?? '', 'It would carry along 2 commits')
  for (const { body } of [...afterMerge.issues, ...afterMerge.comments]) assertWhole(body, 65_536)
  assert.not.match(JSON.stringify(afterMerge), token)
  assert.not.ok(existsSync(join(context.lab.repository.folder, 'owned')))

  assert.is((await run(context, { by: amended })).exit, 0)
  assert.is(banner(context), 'three\n')
  assert.equal([at(context, 'refs/quorate/deployed'), at(context, 'refs/quorate/unfinished')], [amended, ''])
  assert.equal(
    afterMerge.issues.map(({ state }) => state),
    ['closed'],
  )
  assert.match(afterMerge.comments.find(({ issue: number }) => number === 3)?.body ?? '', '✅ 2 applied')
  assert.equal(statuses(context).slice(1), [
    [two, 'failure'],
    [amended, 'failure'],
    [amended, 'success'],
  ])
  assert.equal(
    afterMerge.deployments.map(({ ref, states }) => [ref, states]),
    [
      [one, ['success']],
      [two, ['failure']],
      [amended, ['success']],
    ],
  )
})

test('the prepared branch, merged, brings the hosts back to what is deployed, and is not held', async (context) => {
  const { afterMerge } = context.github
  await merge(context, 1, holding('one'))
  await run(context)
  const two = await merge(context, 2, holding('two', true))
  await run(context)
  const { git } = context.lab.repository
  git('fetch', '-q', 'origin')
  git('merge', '-q', '--no-ff', '-m', 'back', `origin/quorate/revert-${two.slice(0, 12)}`)
  git('push', '-q', 'origin', 'main')
  const back = git('rev-parse', 'HEAD').trim()
  assert.is((await run(context)).exit, 0)
  assert.equal([at(context, 'refs/quorate/deployed'), at(context, 'refs/quorate/unfinished')], [back, ''])
  assert.equal([banner(context), afterMerge.issues[0]?.state], ['one\n', 'closed'])
})

test('a runner that is lost leaves the hold and an issue that claims nothing, and the next run of the commit goes on', async (context) => {
  const { afterMerge } = context.github
  await merge(context, 1, holding('one'))
  await run(context)
  const two = await merge(context, 2, holding('two'))
  await run(context, { breaksOff: true })
  assert.is(at(context, 'refs/quorate/unfinished'), two)
  assert.match(afterMerge.issues[0]?.body ?? '', '❌ how it ended is not known')
  await merge(context, 3, holding('three'))
  assert.is((await run(context)).exit, 4)
  context.lab.repository.git('checkout', '-q', two)
  assert.is((await run(context)).exit, 0)
  assert.equal([at(context, 'refs/quorate/deployed'), at(context, 'refs/quorate/unfinished')], [two, ''])
  assert.is(afterMerge.issues[0]?.state, 'closed')
})

test.run()
