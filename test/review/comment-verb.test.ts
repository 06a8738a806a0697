import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { comment, type CommentOptions } from '../../scripts/comment.ts'
import { FailureError } from '../../scripts/lib/failure.ts'
import type { Review } from '../../scripts/lib/review/comment.ts'
import type { Terminal } from '../../scripts/terminal.ts'
import { assertContract } from '../contracts/contract.ts'
import { top } from '../house/source-tree.ts'
import { standIn, type StandIn } from './github-stand-in.ts'
import { head, reviews } from './reviews.ts'

const token = 'ghs_poisonousToken'
const second = '7'.repeat(40)

const test = suite<{ github: StandIn; folder: string }>('comment')
test.before.each(async (context) => {
  context.github = await standIn(token)
  context.folder = await mkdtemp(join(tmpdir(), 'quorate-comment-'))
  await mkdir(join(context.folder, 'review'))
})
test.after.each(async ({ github, folder }) => {
  await github.close()
  await rm(folder, { recursive: true })
})

interface Call {
  readonly options?: Partial<CommentOptions>
  readonly event?: object
  readonly environment?: NodeJS.ProcessEnv
}

/** Runs the verb; the token is in nothing that it prints or throws. */
async function called({ github, folder }: { github: StandIn; folder: string }, call: Call = {}) {
  const printed = { out: '', note: '' }
  const terminal: Terminal = {
    out: (text) => void (printed.out += text),
    note: (text) => void (printed.note += text),
    colour: false,
    columns: 80,
    live: false,
  }
  const file = join(folder, 'event.json')
  await writeFile(file, JSON.stringify(call.event ?? pullRequestEvent(head)))
  const environment = {
    GITHUB_API_URL: github.url,
    GITHUB_TOKEN: token,
    GITHUB_REPOSITORY: 'o/r',
    GITHUB_EVENT_PATH: file,
    ...call.environment,
  }
  const options = { review: join(folder, 'review'), dryRun: false, json: false, ...call.options }
  try {
    const exit = await comment(options, terminal, environment)
    assert.not.match(JSON.stringify(printed), token)
    return { exit, failure: null, ...printed }
  } catch (error) {
    if (!(error instanceof FailureError)) throw error
    assert.not.match(JSON.stringify([error.message, error.stack, error.failure, String(error.cause), printed]), token)
    return { exit: error.exit, failure: error.failure, ...printed }
  }
}

function pullRequestEvent(sha: string): object {
  return { pull_request: { number: 5, head: { sha } }, repository: { full_name: 'o/r' } }
}

function followingEvent(sha: string, over: object = {}): object {
  const run = {
    event: 'pull_request',
    head_sha: sha,
    head_branch: 'change',
    head_repository: { full_name: 'fork/r' },
    html_url: 'https://github.example/o/r/actions/runs/7',
    ...over,
  }
  return { workflow_run: run, repository: { full_name: 'o/r' } }
}

function pull(number: number, sha: string, from = 'fork/r') {
  return { number, head: { sha, repo: { full_name: from }, ref: 'change' } }
}

/** Puts into the folder what check, diff, plan and rehearse would have printed. */
async function leave(folder: string, name: string, over: Partial<Review> = {}): Promise<void> {
  const { lab, problems, changes, code, plan, rehearsal } = { ...(await reviews[name]!()), ...over }
  const documents = {
    problems: problems === null ? null : { format: 1, lab, files: 1, problems },
    changes:
      changes === null
        ? null
        : { format: 1, lab: lab ?? '', ...changes, code, base: { commit: changes.base, note: null } },
    rollout: plan === null ? null : { format: 1, ...plan },
    rehearsal,
  }
  for (const [document, content] of Object.entries(documents)) {
    await writeFile(join(folder, 'review', `${document}.json`), content === null ? '' : JSON.stringify(content))
  }
}

const sent = ({ asked }: StandIn) => asked.filter((what) => !what.startsWith('GET '))

test('opening a pull request makes a comment, pushing twice changes the same one, and the same again sends nothing', async (context) => {
  const { github, folder } = context
  await leave(folder, 'smaller-packets')
  const first = await called(context)
  assert.equal(
    [first.exit, first.note],
    [0, 'the comment was created: https://github.example/o/r/pull/5#issuecomment-1\n'],
  )
  await leave(folder, 'password')
  assert.match((await called(context, { event: pullRequestEvent(second) })).note, 'the comment was updated')
  await leave(folder, 'smaller-packets')
  await called(context, { event: pullRequestEvent(head) })
  assert.match((await called(context)).note, 'the comment is as it was')
  assert.is(github.comments.length, 1)
  assert.match(github.comments[0]?.body ?? '', /^<!-- quorate review of example -->\n/)
  const inPlace = 'PATCH /repos/o/r/issues/comments/1'
  assert.equal(sent(github), ['POST /repos/o/r/issues/5/comments', inPlace, inPlace])
})

test('a push that changes nothing on the hosts is told so in the verdict', async (context) => {
  await leave(context.folder, 'smaller-packets')
  await called(context)
  await called(context, { event: pullRequestEvent(second) })
  assert.match(context.github.comments[0]?.body ?? '', /^### .*the same for the hosts as `9e8d7c6`/m)
})

test("somebody else's comment with the marker, and one's own without it, are not touched", async (context) => {
  const { github, folder } = context
  await leave(folder, 'smaller-packets')
  const foreign = '<!-- quorate review of example -->\n### ✅ mine'
  github.comments.push(
    { id: 1, body: foreign, user: { login: 'mallory' } },
    { id: 2, body: 'quoted:\n<!-- quorate review of example -->', user: { login: 'github-actions[bot]' } },
    { id: 3, body: '<!-- quorate review of other -->\n', user: { login: 'github-actions[bot]' } },
    { id: 4, body: foreign, user: null },
  )
  const before = JSON.stringify(github.comments)
  await called(context)
  await called(context, { event: pullRequestEvent(second) })
  assert.is(JSON.stringify(github.comments.slice(0, 4)), before)
  assert.is(github.comments.length, 5)
})

test('its comment is found on the third page, and is by whom the token belongs to', async (context) => {
  const { github, folder } = context
  github.login = 'carol'
  await leave(folder, 'nothing')
  for (let id = 1; id <= 250; id += 1) github.comments.push({ id, body: `talk ${id}`, user: { login: 'bob' } })
  const old = { id: 251, body: '<!-- quorate review of example -->\r\nold', user: { login: 'carol' } }
  github.comments.push(old)
  await called(context)
  assert.is(github.comments.length, 251)
  assert.match(old.body, 'nothing changes on the hosts')
  assert.is(github.asked.filter((what) => what === 'GET /repos/o/r/issues/5/comments').length, 3)
})

test('a lab whose definition breaks keeps its comment, and so does one that is mended', async (context) => {
  const { github, folder } = context
  await leave(folder, 'errors')
  await called(context)
  await leave(folder, 'smaller-packets')
  await called(context)
  await leave(folder, 'errors')
  await called(context)
  assert.is(github.comments.length, 1)
  assert.match(github.comments[0]?.body ?? '', /^<!-- quorate review of example -->\n### ❌ 1 error/)
})

test("after a fork's run, the pull request is the one that GitHub says stands at the run's commit, whatever the fork wrote", async (context) => {
  const { github, folder } = context
  await leave(folder, 'smaller-packets')
  github.pulls.push(pull(4, second), pull(5, head), pull(6, head, 'fork/another'))
  const event = followingEvent(head)
  assert.match((await called(context, { event })).note, 'was created')
  assert.match(github.comments[0]?.body ?? '', 'in the [artifact](https://github.example/o/r/actions/runs/7)')
  assert.match(github.comments[0]?.body ?? '', '`a1b2c3d → 9e8d7c6`')
  const late = await called(context, { event: followingEvent('8'.repeat(40)), options: { json: true } })
  assert.match(late.note, 'no open pull request stands at that commit any more')
  assertContract('comment', JSON.parse(late.out))
  github.pulls.push(pull(7, head))
  const both = await called(context, { event })
  assert.equal([both.exit, both.failure?.what], [4, `2 open pull requests stand at ${head}: 5, 7`])
  const other = await called(context, { event: followingEvent(head, { event: 'push' }) })
  assert.equal([other.exit, other.failure?.what], [2, 'it is not known which pull request this is about'])
})

test('code that changes is named as GitHub lists it, whatever the review that it made says', async (context) => {
  const { github, folder } = context
  await leave(folder, 'smaller-packets', { code: ['renderers/index.ts'] })
  github.files.push(
    { filename: 'lab/networks.yaml' },
    { filename: 'scripts/plan.ts' },
    { filename: 'docs/plan.ts', previous_filename: 'renderers/plan.ts' },
  )
  await called(context)
  const body = github.comments[0]?.body ?? ''
  assert.match(body, /^### ⚠️ .*, code changes too/m)
  assert.match(body, /^> `renderers\/index\.ts` · `renderers\/plan\.ts` · `scripts\/plan\.ts`$/m)
  await leave(folder, 'errors')
  await called(context)
  assert.match(body, '`scripts/plan.ts`')
})

test('of more files than GitHub lists, nobody is told that no code is among them', async (context) => {
  await leave(context.folder, 'smaller-packets')
  for (let index = 0; index < 3000; index += 1) context.github.files.push({ filename: `lab/guests/g${index}.yaml` })
  await called(context)
  assert.match(context.github.comments[0]?.body ?? '', /^> `anything beyond the 3000 files that GitHub lists`$/m)
})

test('a pull request can be named', async (context) => {
  await leave(context.folder, 'nothing')
  context.github.pulls.push(pull(5, second))
  const options = { pullRequest: '5', json: true }
  const { out } = await called(context, { options, event: {} })
  assertContract('comment', JSON.parse(out))
  assert.match(context.github.comments[0]?.body ?? '', '→ 7777777')
})

test('with --dry-run the comment is printed, nobody is asked, and no token is needed', async (context) => {
  const { github, folder } = context
  await leave(folder, 'smaller-packets')
  const call = { options: { dryRun: true }, environment: { GITHUB_TOKEN: '' }, event: followingEvent(head) }
  const { out } = await called(context, call)
  assert.match(out, /^<!-- quorate review of example -->\n.*\n### ✅ 3 files on 3 hosts/)
  assertContract('comment', JSON.parse((await called(context, { options: { dryRun: true, json: true } })).out))
  assert.equal(github.asked, [])
})

test('later steps of a job are told the verdict and how many hosts change, and what nobody knows is empty', async (context) => {
  const outputs = async () => {
    const file = join(context.folder, 'outputs')
    await writeFile(file, '')
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(top, 'scripts/launcher.js'), 'comment', '--review', join(context.folder, 'review'), '--dry-run'],
      { env: { PATH: process.env['PATH'], GITHUB_ACTIONS: 'true', GITHUB_OUTPUT: file }, encoding: 'utf8' },
    )
    assert.is(status, 0, stderr)
    const text = await readFile(file, 'utf8')
    return Object.fromEntries(
      [...text.matchAll(/^(\w+)<<(\S+)\n([^]*?)\n\2$/gm)].map(([, name, , value]) => [name, value]),
    )
  }
  await leave(context.folder, 'nothing')
  assert.equal(await outputs(), { verdict: '✅ nothing changes on the hosts', stop: 'false', hosts: '0', url: '' })
  await leave(context.folder, 'router-id-refused')
  const { verdict, ...others } = await outputs()
  assert.match(verdict ?? '', /^❌ 3 files on 3 hosts/)
  assert.equal(others, { stop: 'true', hosts: '3', url: '' })
  await leave(context.folder, 'errors')
  assert.is((await outputs())['hosts'], '')
})

test('a comment by another name than was looked for is told, because it would not be found again', async (context) => {
  await leave(context.folder, 'nothing')
  const { note } = await called(context, { options: { author: 'my-app[bot]' } })
  assert.match(note, 'it is by github-actions[bot], not by my-app[bot]')
})

const faults: readonly (readonly [what: string, fault: StandIn['fault'], says: string, next: string])[] = [
  [
    'no permission',
    { fits: /^POST/, status: 403, json: { message: `Resource not accessible ${token}` } },
    'GitHub answers 403 to POST /repos/o/r/issues/5/comments: Resource not accessible ***',
    'the token may not do that: the job needs the permission for it, such as "pull-requests: write"',
  ],
  [
    'the limit of requests',
    {
      fits: /comments$/,
      status: 403,
      json: { message: 'API rate limit exceeded' },
      headers: { 'x-ratelimit-remaining': '0' },
    },
    'GitHub answers 403 to GET /repos/o/r/issues/5/comments: API rate limit exceeded',
    'the limit of requests is reached: run it again in an hour',
  ],
  [
    'a pull request that is not there',
    { fits: /comments$/, status: 404, json: { message: 'Not Found' } },
    'GitHub answers 404 to GET /repos/o/r/issues/5/comments: Not Found',
    'name a repository and a pull request that are there, and that the token may see',
  ],
  [
    'a body that is refused',
    { fits: /^POST/, status: 422, json: { message: 'Validation Failed' } },
    'GitHub answers 422 to POST /repos/o/r/issues/5/comments: Validation Failed',
    'report it as a bug, with this text',
  ],
  [
    'a page that is not its own',
    { fits: /comments$/, status: 200, json: [], headers: { link: '<https://evil.example/>; rel="next"' } },
    'GitHub names a next page that is not its own',
    'run it again',
  ],
  [
    'an answer that is no list',
    { fits: /comments$/, status: 200, json: '<html>' },
    'GitHub answers a listing with no list',
    'run it again',
  ],
  [
    'a repository that moved',
    { fits: /comments$/, status: 301, json: {}, headers: { location: 'https://evil.example/' } },
    'GitHub answers 301 to GET /repos/o/r/issues/5/comments: without a reason',
    'the repository has another name now: say --repository OWNER/NAME',
  ],
  [
    'a server that is ill, and its colours',
    { fits: /user$/, status: 502, json: '\u001b[31mBad Gateway' },
    'GitHub answers 502 to GET /user: �[31mBad Gateway',
    'run it again',
  ],
]

for (const [what, fault, says, next] of faults) {
  test(`what GitHub does not do is said, with what to do, and without the token: ${what}`, async (context) => {
    await leave(context.folder, 'nothing')
    context.github.fault = fault
    const { exit, failure } = await called(context)
    assert.equal([exit, failure?.what, failure?.next], [4, says, next])
    assert.equal(context.github.comments, [])
  })
}

test('a wrong token, an address where nobody answers, and one that is no API are said', async (context) => {
  await leave(context.folder, 'nothing')
  const says = async (environment: NodeJS.ProcessEnv) => {
    const { exit, failure } = await called(context, { environment })
    return [exit, failure?.what]
  }
  assert.equal(await says({ GITHUB_TOKEN: 'other' }), [4, 'GitHub answers 401 to GET /user: Bad credentials'])
  assert.equal(await says({ GITHUB_TOKEN: `${token}\nx: y` }), [2, 'GITHUB_TOKEN holds no token'])
  assert.equal(await says({ GITHUB_TOKEN: undefined }), [2, 'GITHUB_TOKEN holds no token'])
  assert.match(String((await says({ GITHUB_API_URL: 'http://127.0.0.1:1' }))[1]), 'GitHub does not answer GET /user: ')
  for (const url of ['http://api.github.example', 'file:///etc/passwd', 'nonsense']) {
    assert.equal(await says({ GITHUB_API_URL: url }), [2, `GITHUB_API_URL is no address of an API: "${url}"`])
  }
  assert.equal(await says({ GITHUB_REPOSITORY: 'o/../r' }), [2, '"o/../r" is no repository'])
})

test('what is left in the folder is believed only as far as its contract goes', async (context) => {
  const { folder, github } = context
  await leave(folder, 'nothing')
  const file = join(folder, 'review', 'changes.json')
  const sound = await readFile(file, 'utf8')
  const says = async (text: string) => {
    await writeFile(file, text)
    const { exit, failure } = await called(context)
    assert.is(exit, 4)
    return failure?.what
  }
  assert.is(await says('{'), 'the review cannot be read: it is no JSON')
  assert.is(await says('[]'), 'the review cannot be read: the document must be object')
  assert.is(
    await says(sound.replace('"diffs":[]', '"diffs":[{"hosts":[]}]')),
    "the review cannot be read: /diffs/0 must have required property 'path'",
  )
  await rm(file)
  await symlink('/etc/passwd', file)
  assert.is((await called(context)).failure?.what, 'the review cannot be read: it is a symbolic link')
  await rm(file)
  await mkdir(file)
  assert.is((await called(context)).failure?.what, 'the review cannot be read: it is no file')
  await rm(file, { recursive: true })
  assert.equal(github.asked, [])
  assert.is((await called(context)).exit, 0, 'what is missing was not made')
  assert.match(github.comments[0]?.body ?? '', '❌ not known')
})

test('an address that could end a link is refused', async (context) => {
  await leave(context.folder, 'nothing')
  for (const artifact of ['http://a.example/', 'https://a.example/)<b>', 'javascript:1', 'https://a.example/ b']) {
    assert.is((await called(context, { options: { artifact } })).exit, 2)
  }
})

test.run()
