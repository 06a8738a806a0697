import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { announce, type AnnounceOptions } from '../../scripts/announce.ts'
import { FailureError } from '../../scripts/lib/failure.ts'
import type { DriftDocument } from '../../scripts/lib/review/drift-announcement.ts'
import { assertContract } from '../contracts/contract.ts'
import { commit, endings } from './endings.ts'
import { standIn, type StandIn } from './github-stand-in.ts'
import { assertWhole } from './markdown-rules.ts'
import { nasty } from './reviews.ts'

const token = 'ghs_poisonousToken'
const bot = { login: 'github-actions[bot]' }

interface Context {
  github: StandIn
  folder: string
}

const test = suite<Context>('announce')
test.before.each(async (context) => {
  context.github = await standIn(token)
  context.folder = await mkdtemp(join(tmpdir(), 'quorate-announce-'))
  const merged = { number: 8, merged_at: '2026-01-01T10:00:00Z', merge_commit_sha: commit, commits: [commit] }
  context.github.afterMerge.merged.push(merged)
})
test.after.each(async ({ github, folder }) => {
  await rm(folder, { recursive: true })
  await github.close()
})

/** Runs the verb; the token is in nothing that it prints or throws. */
async function called({ github }: Context, options: Partial<AnnounceOptions>, over: NodeJS.ProcessEnv = {}) {
  const printed = { out: '', note: '' }
  const terminal = {
    out: (text: string) => void (printed.out += text),
    note: (text: string) => void (printed.note += text),
    colour: false,
    columns: 80,
    live: false,
  }
  const environment = {
    GITHUB_API_URL: github.url,
    GITHUB_SERVER_URL: 'https://github.example',
    GITHUB_TOKEN: token,
    GITHUB_REPOSITORY: 'o/r',
    GITHUB_RUN_ID: '7',
    ...over,
  }
  try {
    const exit = await announce({ dryRun: false, json: false, ...options }, terminal, environment)
    assert.not.match(JSON.stringify(printed), token)
    return { exit, failure: null, ...printed }
  } catch (error) {
    if (!(error instanceof FailureError)) throw error
    assert.not.match(JSON.stringify([error.message, error.stack, error.failure, String(error.cause), printed]), token)
    return { exit: error.exit, failure: error.failure, ...printed }
  }
}

/** As the workflow calls it after a deployment. */
async function ended(context: Context, name: string, options: Partial<AnnounceOptions> = {}) {
  const { outcome, exit } = endings[name]!
  const file = join(context.folder, 'outcome.json')
  await writeFile(file, outcome === null ? '' : JSON.stringify(outcome))
  const told = { outcome: file, commit, ...(exit === null ? {} : { exit }), ...options }
  return called(context, told)
}

test('a deployment that went through is recorded and marked, and calls nobody', async (context) => {
  const { afterMerge } = context.github
  const { exit, note } = await ended(context, 'applied')
  assert.is(exit, 0)
  assert.is(note, 'commit 9e8d7c6 is marked: success\ndeployment 500 of quorate/example is recorded: success\n')
  assert.equal([afterMerge.issues, afterMerge.comments], [[], []])
  assert.equal(
    afterMerge.statuses.map(({ sha, state, context: name, description }) => [sha, state, name, description]),
    [[commit, 'success', 'quorate/example', '2 applied, 1 unchanged']],
  )
  assert.equal(
    afterMerge.deployments.map(({ ref, states }) => [ref, states]),
    [[commit, ['success']]],
  )
})

test('a failure is told on the merged pull request and in one issue, which the next success closes', async (context) => {
  const { afterMerge } = context.github
  await ended(context, 'reverted', { revert: 'made' })
  assert.equal(
    afterMerge.issues.map(({ number, title, state }) => [number, title, state]),
    [[10, 'The deployment of 9e8d7c6 to example needs somebody', 'open']],
  )
  const { body } = afterMerge.issues[0]!
  assertWhole(body, 65_536)
  assert.match(body, /^<!-- quorate deployment of example -->\n### ↩️ rolled back/)
  assert.match(body, '| `pve2` | ↩️ wholly old: taken back |')
  assert.match(body, 'https://github.example/o/r/compare/quorate/revert-9e8d7c600000?expand=1')
  assert.equal(
    afterMerge.comments.map(({ issue, body: text }) => [issue, text === body]),
    [[8, true]],
  )
  await ended(context, 'person')
  assert.is(afterMerge.issues.length, 1, 'one issue, brought up to date')
  assert.match(afterMerge.issues[0]!.body, 'stopped: a person has to look at this')
  assert.match(afterMerge.comments[0]!.body, 'stopped: a person has to look at this')
  await ended(context, 'applied')
  assert.is(afterMerge.issues[0]!.state, 'closed')
  assert.match(afterMerge.comments[0]!.body, '✅ 2 applied', 'what was said on the pull request is set right')
  assert.equal(
    afterMerge.comments.map(({ issue }) => issue),
    [8, 10],
  )
  assert.match(afterMerge.comments[1]!.body, '`9e8d7c6` is deployed')
  assert.equal(
    afterMerge.deployments.map(({ states }) => states),
    [['failure'], ['failure'], ['success']],
  )
  await ended(context, 'reverted')
  assert.equal(
    afterMerge.issues.map(({ state }) => state),
    ['closed', 'open'],
  )
})

test('what waits is said below what failed, in one comment, and is no deployment', async (context) => {
  const { afterMerge } = context.github
  await ended(context, 'reverted')
  const before = { ...afterMerge.issues[0] }
  await ended(context, 'held')
  await ended(context, 'held')
  assert.equal(afterMerge.issues, [before])
  const waiting = afterMerge.comments.filter(({ issue }) => issue === 10)
  assert.is(waiting.length, 1)
  assert.match(waiting[0]!.body, /^<!-- quorate waiting of example -->\n### ✋ held: the deployment before is not over/)
  assert.match(waiting[0]!.body, '5f6a7b8 another port\n  9e8d7c6 a password\n')
  assert.equal([afterMerge.deployments.length, afterMerge.statuses.at(-1)?.state], [1, 'failure'])
  afterMerge.issues[0]!.state = 'closed'
  await ended(context, 'held')
  assert.equal([afterMerge.issues.length, afterMerge.issues[1]?.state], [2, 'open'], 'closing it resolves nothing')
})

test('a run that left no outcome, or half of one, is never taken for well', async (context) => {
  const { afterMerge } = context.github
  const broke = await ended(context, 'broke-off')
  assert.match(broke.note, 'there is no outcome: it is empty\nissue 10 is opened\n')
  assert.match(afterMerge.issues[0]?.body ?? '', /^<!-- quorate deployment -->\n### ❌ how it ended is not known/)
  assert.equal([afterMerge.statuses[0]?.state, afterMerge.deployments[0]?.states], ['error', ['error']])
  await ended(context, 'applied', { outcome: join(context.folder, 'missing.json'), exit: '0' })
  assert.is(afterMerge.issues[0]?.state, 'open')
  const half = join(context.folder, 'half.json')
  for (const text of ['{', '{"exit":0}', '[]', 'null']) {
    await writeFile(half, text)
    await ended(context, 'applied', { outcome: half })
    assert.is(afterMerge.issues[0]?.state, 'open', text)
  }
  await ended(context, 'untouched')
  assert.match(afterMerge.issues[0]?.body ?? '', 'not deployed: the run ended before any host was contacted')
  await ended(context, 'applied')
  assert.is(afterMerge.issues[0]?.state, 'closed', 'the one without a name is of this lab')
})

test("somebody else's issue with the marker, another lab's and a pull request are not touched", async (context) => {
  const { issues } = context.github.afterMerge
  const body = '<!-- quorate deployment of example -->\nmine'
  issues.push(
    { number: 10, title: 'a', body, state: 'open', user: { login: 'mallory' } },
    { number: 11, title: 'b', body: body.replace('example', 'other'), state: 'open', user: bot },
    { number: 12, title: 'c', body, state: 'open', user: bot, pull_request: {} },
    { number: 13, title: 'd', body: body.replace('deployment', 'drift'), state: 'open', user: bot },
  )
  const before = JSON.stringify(issues)
  await ended(context, 'applied')
  assert.is(JSON.stringify(issues), before)
  await ended(context, 'reverted')
  assert.is(JSON.stringify(issues.slice(0, 4)), before)
  assert.is(issues.length, 5)
})

test('of several pull requests the one that was merged as this commit is told, and one that is not merged never', async (context) => {
  const { merged, comments } = context.github.afterMerge
  const at = '2026-01-01T10:00:00Z'
  merged.splice(0)
  merged.push({ number: 6, merged_at: null, merge_commit_sha: commit, commits: [commit] })
  await ended(context, 'reverted')
  assert.equal(comments, [])
  merged.push(
    { number: 7, merged_at: at, merge_commit_sha: 'f'.repeat(40), commits: [commit] },
    { number: 9, merged_at: at, merge_commit_sha: commit, commits: [commit] },
  )
  await ended(context, 'reverted')
  assert.equal(
    comments.map(({ issue }) => issue),
    [9],
  )
})

test('what cannot be told in one place is told in the others, and the run fails', async (context) => {
  const { github } = context
  github.fault = { fits: /^GET .*\/pulls$/, status: 502, json: { message: 'Bad gateway' } }
  const { exit, failure } = await ended(context, 'reverted')
  assert.is(exit, 4)
  assert.match(failure?.what ?? '', 'GitHub answers 502 to GET')
  const { issues, statuses, deployments } = github.afterMerge
  assert.equal([issues.length, statuses.length, deployments.length], [1, 1, 1])
})

test('words of others call nobody and break nothing, whatever is told', async (context) => {
  await ended(context, 'reverted')
  await ended(context, 'hostile')
  const { issues, comments } = context.github.afterMerge
  for (const { body } of [...issues, ...comments]) assertWhole(body, 65_536)
  for (const { title } of issues) assert.not.match(title, /evil|someone/)
})

test('a dry run prints the text and asks nobody', async (context) => {
  const { out } = await ended(context, 'reverted', { dryRun: true })
  assert.match(out, /^### ↩️ rolled back/)
  const json = await ended(context, 'reverted', { dryRun: true, json: true })
  assertContract('announce', JSON.parse(json.out))
  assert.equal(context.github.asked, [])
})

const fine = { reachable: true, why: null, commit, drift: [] }
const edited = { ...fine, drift: [{ path: '/etc/motd', kind: 'edited' as const }] }
const away = { ...fine, reachable: false, why: 'no answer' }

async function drifted(context: Context, hosts: DriftDocument['hosts']) {
  const file = join(context.folder, 'drift.json')
  await writeFile(file, JSON.stringify({ format: 1, lab: 'example', hosts }))
  return called(context, { drift: file })
}

test('one issue is open while there is drift, is brought up to date, and is closed after', async (context) => {
  const { issues, comments } = context.github.afterMerge
  assert.match((await drifted(context, { pve1: fine })).note, 'there is no drift, and no issue about any')
  assert.match((await drifted(context, { pve1: edited, pve2: fine })).note, 'issue 10 is opened')
  assert.match(issues[0]?.body ?? '', /^<!-- quorate drift of example -->\n### ⚠️ 1 file is not as deployed\n/)
  assert.match(issues[0]?.body ?? '', '| `pve1` | `/etc/motd` | edited |')
  assert.match((await drifted(context, { pve1: edited, pve2: fine })).note, 'issue 10 is unchanged')
  assert.match((await drifted(context, { pve1: edited, pve2: edited })).note, 'issue 10 is updated')
  assert.match((await drifted(context, { pve1: fine, pve2: away })).note, 'issue 10 is updated')
  assert.equal([issues[0]?.state, comments], ['open', []])
  assert.match((await drifted(context, { pve1: fine, pve2: fine })).note, 'issue 10 is closed')
  assert.equal([issues.length, issues[0]?.state, comments[0]?.issue], [1, 'closed', 10])
  assert.match((await drifted(context, { pve2: away })).note, 'no issue about any')
  assert.match((await drifted(context, { pve1: edited })).note, 'issue 11 is opened')
})

test("paths and hosts of anybody's choice stay in their cells", async (context) => {
  const files = nasty.map((text) => ({ path: `/${text}`, kind: 'edited' as const }))
  const hosts = Object.fromEntries(nasty.map((name) => [name, { ...away, drift: files, why: nasty.join(' ') }]))
  await drifted(context, hosts)
  assertWhole(context.github.afterMerge.issues[0]?.body ?? '', 65_536)
})

test('a drift document that is none is refused, and nothing is closed', async (context) => {
  const { issues } = context.github.afterMerge
  await drifted(context, { pve1: edited })
  const file = join(context.folder, 'drift.json')
  for (const text of ['', '{}', '{"format":1,"lab":"example"}']) {
    await writeFile(file, text)
    assert.is((await called(context, { drift: file })).exit, 4)
  }
  assert.is(issues[0]?.state, 'open')
})

test('wrong usage says what is missing', async (context) => {
  const says = async (options: Partial<AnnounceOptions>, over: NodeJS.ProcessEnv = {}) => {
    const { exit, failure } = await called(context, options, over)
    return [exit, failure?.what]
  }
  const outcome = join(context.folder, 'none.json')
  assert.equal(await says({}), [2, 'it is not known what to announce'])
  assert.equal(await says({ outcome, drift: outcome }), [2, 'there are two things to announce'])
  assert.equal(await says({ outcome, commit: '../..' }), [2, '--commit "../.." is no full hash'])
  assert.equal(await says({ outcome }, { GITHUB_REPOSITORY: 'o/../r' }), [2, '"o/../r" is no repository'])
  assert.equal(context.github.asked, [])
})

test.run()
