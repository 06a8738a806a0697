/** Both workflows of a pull request, script by script, on a bare git repository and a stand-in for GitHub. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { temporaryRepository, type TemporaryRepository } from '../bundle/temporary-repository.ts'
import { top } from '../house/source-tree.ts'
import { runJob, type JobRun } from '../workflows/job-run.ts'
import { standIn, type StandIn } from './github-stand-in.ts'
import { sound } from './rehearsal-reports.ts'

const token = 'ghs_poisonousToken'

/** Public examples of what GitHub sends; the file says where they are from. */
const { payloads } = JSON.parse(readFileSync(new URL('webhook-examples.json', import.meta.url), 'utf8')) as {
  payloads: Readonly<Record<string, { readonly repository: object }>>
}

interface World {
  github: StandIn
  /** Everything is below it. */
  folder: string
  /** What GitHub holds: bare. */
  origin: string
  /** Whose author writes the change: a clone, or a fork. */
  author: TemporaryRepository
  runs: number
}

interface Push {
  /** The commit that it stands at. */
  readonly head: string
  readonly branch: string
  /** "owner/name" */
  readonly from: string
  readonly title: string
}

const test = suite<World>('both workflows')
test.before.each(async (world) => {
  world.runs = 0
  world.github = await standIn(token)
  world.folder = await mkdtemp(join(tmpdir(), 'quorate-flow-'))
  world.author = await temporaryRepository()
  world.origin = join(world.folder, 'origin.git')
  const { author, origin } = world
  for (const part of ['lab', '.github']) await cp(join(top, part), join(author.folder, part), { recursive: true })
  await author.commit({ '.gitignore': 'node_modules/\n' })
  author.git('init', '-q', '--bare', '-b', 'main', origin)
  author.git('remote', 'add', 'origin', origin)
  author.git('push', '-q', 'origin', 'main', 'main:refs/quorate/deployed')
})
test.after.each(async ({ github, folder, author }) => {
  await github.close()
  await author.remove()
  await rm(folder, { recursive: true, force: true })
})

/** A clone as a runner has it, at the commit that GitHub makes of the main branch and the pull request, if there is one. */
async function checkedOut(
  world: World,
  push: Push | null,
): Promise<{ readonly checkout: string; readonly temp: string }> {
  const own = join(world.folder, `run-${(world.runs += 1)}`)
  const checkout = join(own, 'checkout')
  const git = (...args: readonly string[]) => {
    const identity = ['-c', 'user.name=GitHub', '-c', 'user.email=noreply@example.net']
    execFileSync('git', [...identity, ...args], { cwd: checkout, stdio: 'pipe' })
  }
  await mkdir(checkout, { recursive: true })
  git('clone', '-q', world.origin, '.')
  if (push !== null) {
    git('fetch', '-q', world.author.folder, push.head)
    git('merge', '-q', '--no-ff', '-m', 'merge', 'FETCH_HEAD')
  }
  await mkdir(join(checkout, 'node_modules/.bin'), { recursive: true })
  await symlink(join(top, 'scripts/launcher.js'), join(checkout, 'node_modules/.bin/quorate'))
  return { checkout, temp: join(own, 'temp') }
}

/** The first workflow, which has no token that writes; gives what it left besides. */
async function reviewed(
  world: World,
  push: Push,
  action: 'opened' | 'synchronize',
): Promise<JobRun & { readonly artifact: string }> {
  const { checkout, temp } = await checkedOut(world, push)
  const payload = payloads[`pull_request ${action}`] as { readonly pull_request: object; readonly repository: object }
  const { title, branch: ref, head: sha } = push
  const pull = { ...payload.pull_request, number: 5, title, head: { ref, sha } }
  const event = { ...payload, number: 5, pull_request: pull, repository: { ...payload.repository, full_name: 'o/r' } }
  const env = await surroundings(temp, event)
  const run = await runJob('pull-request', 'review', { checkout, temp, token: 'ghs_tokenThatReads', env })
  return { ...run, artifact: join(temp, 'review') }
}

/** The second one, which the default branch's code runs in. */
async function commented(world: World, push: Push, artifact: string, standsAt = push.head): Promise<JobRun> {
  const { checkout, temp } = await checkedOut(world, null)
  await cp(artifact, join(temp, 'review'), { recursive: true })
  const payload = payloads['workflow_run completed'] as { readonly workflow_run: object; readonly repository: object }
  const ran = {
    ...payload.workflow_run,
    event: 'pull_request',
    head_sha: push.head,
    head_branch: push.branch,
    head_repository: { full_name: push.from },
  }
  const event = { ...payload, workflow_run: ran, repository: { ...payload.repository, full_name: 'o/r' } }
  const env = { ...(await surroundings(temp, event)), GITHUB_API_URL: world.github.url }
  world.github.pulls.splice(0, Infinity, {
    number: 5,
    head: { sha: standsAt, ref: push.branch, repo: { full_name: push.from } },
  })
  return await runJob('comment', 'comment', { checkout, temp, token, env })
}

async function surroundings(temp: string, event: object): Promise<Readonly<Record<string, string>>> {
  await mkdir(temp, { recursive: true })
  const file = join(temp, '.event.json')
  await writeFile(file, JSON.stringify(event))
  return { GITHUB_EVENT_PATH: file, GITHUB_REPOSITORY: 'o/r' }
}

/** The lab's file with one text in place of another, for a commit. */
async function edited(
  { author }: World,
  path: string,
  from: string,
  to: string,
): Promise<Readonly<Record<string, string>>> {
  const text = await author.read(path)
  assert.ok(text.includes(from), `${path} holds ${from}`)
  return { [path]: text.replace(from, to) }
}

const writing = ({ asked }: StandIn) => asked.filter((what) => !what.startsWith('GET '))

test('opened, it is commented on; pushed to, the same comment changes; a push that changes nothing on a host and a main branch that it does not fit are said', async (world) => {
  const { author, github } = world
  const merged = await author.commit(await edited(world, 'lab/services/dnsmasq.yaml', 'lease: 48h', 'lease: 24h'))
  author.git('push', '-q', 'origin', 'main')
  author.git('checkout', '-q', '-b', 'smaller')
  const push = (head: string): Push => ({ head, branch: 'smaller', from: 'o/r', title: 'Smaller packets' })
  const body = () => github.comments[0]?.body ?? ''
  const verdict = () => /^### (.*)$/m.exec(body())?.[1] ?? ''

  const first = push(await author.commit(await edited(world, 'lab/networks.yaml', 'mtu: 1400', 'mtu: 1380')))
  const opened = await reviewed(world, first, 'opened')
  assert.ok(opened.ok, opened.log)
  await writeFile(join(opened.artifact, 'rehearsal.json'), JSON.stringify(sound))
  const posted = await commented(world, first, opened.artifact)
  assert.ok(posted.ok, posted.log)
  assert.match(posted.outputs, /^url<<.*\nhttps:\/\/github\.example\/o\/r\/pull\/5#issuecomment-1$/m)
  assert.match(verdict(), /^✅ .*, safe, rehearsed &nbsp; /)
  assert.match(verdict(), `\`${merged.slice(0, 7)} → ${first.head.slice(0, 7)}\``)
  assert.match(body(), '#### Rehearsal')
  assert.match(body(), /#### Merged and not deployed\n\n```\n1 commit of the base touches the lab and is not deployed/)
  assert.match(body(), 'in the [artifact](https://github.com/octo-org/octo-repo/actions/runs/')
  assert.match(opened.summary, '#### Changes, the riskiest first')

  const second = push(await author.commit(await edited(world, 'lab/networks.yaml', 'mtu: 1380', 'mtu: 1360')))
  await commented(world, second, (await reviewed(world, second, 'synchronize')).artifact)
  assert.match(verdict(), second.head.slice(0, 7))
  assert.match(body(), /^\+.*1360/m)

  const third = push(await author.commit(await edited(world, 'lab/lab.yaml', 'three rented', 'some rented')))
  await commented(world, third, (await reviewed(world, third, 'synchronize')).artifact)
  assert.match(
    verdict(),
    `the same for the hosts as \`${second.head.slice(0, 7)}\`: what was pushed since changes nothing`,
  )

  const fourth = push(
    await author.commit(await edited(world, 'lab/nodes/pve3.yaml', 'services: 10.0.1.13', 'services: 10.0.1.60')),
  )
  author.git('checkout', '-q', 'main')
  await author.commit(await edited(world, 'lab/guests/dns1.yaml', 'services: 10.0.1.53', 'services: 10.0.1.60'))
  author.git('push', '-q', 'origin', 'main')
  const taken = await reviewed(world, fourth, 'synchronize')
  assert.not.ok(taken.ok)
  assert.match(taken.log, /^::error title=address-taken,file=lab\/(?:nodes\/pve3|guests\/dns1)\.yaml,line=\d+/m)
  assert.ok((await commented(world, fourth, taken.artifact)).ok)
  assert.match(verdict(), '❌ 1 error in the definition')

  const inPlace = 'PATCH /repos/o/r/issues/comments/1'
  assert.equal(writing(github), ['POST /repos/o/r/issues/5/comments', inPlace, inPlace, inPlace])
})

test("a stranger's title, branch, commits, values and file names reach no shell, no command of the runner's and no place of their own in the comment", async (world) => {
  const { author, github, folder } = world
  const hostile = '$(touch pwned) `touch pwned`; touch pwned #'
  const branch = 'x$(touch${IFS}pwned);`touch${IFS}pwned`'
  const title = `"${hostile}\n::set-output name=verdict::safe @everyone`
  author.git('checkout', '-q', '-b', branch)
  const push = (head: string): Push => ({ head, branch, from: 'fork/r', title })
  await author.write(await edited(world, 'lab/networks.yaml', 'mtu: 1400', 'mtu: 1380'))
  await author.write(await edited(world, 'lab/guests/dns1.yaml', 'title: Names', `title: '${hostile} ::error::x' #`))
  author.git('commit', '-q', '-a', '-m', `${hostile} ::error::x`)
  const harmful = push(author.git('rev-parse', 'HEAD').trim())
  const first = await reviewed(world, harmful, 'opened')
  assert.ok(first.ok, first.log)
  assert.ok((await commented(world, harmful, first.artifact)).ok)
  assert.match(github.comments[0]?.body ?? '', /^### ✅ /m)

  await author.write(
    await edited(world, 'lab/nodes/pve3.yaml', 'cluster: 10.0.0.13', `cluster: "${hostile}\\n::error::x"`),
  )
  const broken = push(await author.commit({ 'lab/guests/$(touch pwned).yaml': 'title: |\n  ::error::x\n' }))
  const second = await reviewed(world, broken, 'synchronize')
  assert.not.ok(second.ok)
  assert.not.match(second.log, /^::(?:error::|set-output)/m)
  assert.ok((await commented(world, broken, second.artifact)).ok)
  const body = github.comments[0]?.body ?? ''
  assert.match(body, /^### ❌ \d errors in the definition/m)
  assert.match(body, 'touch pwned', 'it is shown')
  assert.not.match(
    body.replaceAll(/(?<!`)(`+)(?!`)[^]*?(?<!`)\1(?!`)/g, ''),
    /touch|@everyone/,
    'in code spans and fences only',
  )
  const all = await readdir(folder, { recursive: true })
  assert.equal(
    [...all, ...(await readdir(author.folder))].filter((name) => name.endsWith('pwned')),
    [],
  )
  assert.not.match(first.log + second.log + first.summary + second.summary + first.outputs + body, /poisonous|ghs_/)
  assert.equal(writing(github), ['POST /repos/o/r/issues/5/comments', 'PATCH /repos/o/r/issues/comments/1'])
})

test('a run that broke off before it left anything is said as well, and a late one of an earlier push says nothing', async (world) => {
  const { author, github, folder } = world
  const early = author.git('rev-parse', 'main').trim()
  const push: Push = { head: early, branch: 'b', from: 'fork/r', title: 't' }
  await mkdir(join(folder, 'nothing'))
  await commented(world, push, join(folder, 'nothing'))
  assert.match(github.comments[0]?.body ?? '', '### ❌ not known: the review broke off')
  const before = JSON.stringify(github.comments)
  const late = await commented(world, push, join(folder, 'nothing'), '7'.repeat(40))
  assert.ok(late.ok)
  assert.match(late.log, 'no open pull request stands at that commit any more')
  assert.is(JSON.stringify(github.comments), before)
})

test.run()
