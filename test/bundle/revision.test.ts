import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { emptyRendering } from '../../scripts/lib/bundle/render.ts'
import type { Rendering } from '../../scripts/lib/bundle/rendering.ts'
import { renderRevision, type RevisionRendering, type RevisionRequest } from '../../scripts/lib/bundle/revision.ts'
import { temporaryRepository, type TemporaryRepository } from './temporary-repository.ts'

const test = suite<{ repository: TemporaryRepository }>('rendering a revision')
test.before.each(async (context) => {
  context.repository = await temporaryRepository()
})
test.after.each(async ({ repository }) => repository.remove())

const ignore = { '.gitignore': 'node_modules/\n' }

/** A stand-in for a revision's own quorate: says what it was called with and what it can see. */
const launcher = `
import { readFileSync } from 'node:fs'
const [verb, json, flag, lab] = process.argv.slice(2)
if (readFileSync(lab + '/lab.yaml', 'utf8').includes('broken')) { console.error('lab.yaml:1:1 broken'); process.exit(1) }
const secrets = { seen: { kind: 'text', fingerprint: JSON.stringify([verb, json, flag, Object.keys(process.env).sort(), process.env.HOME]) } }
console.log(JSON.stringify({ format: FORMAT, lab: readFileSync(lab + '/lab.yaml', 'utf8').trim(), hosts: {}, contents: {}, secrets }))
`
const ownTool = (format: number | string = 1) => ({
  'package.json': '{"name":"quorate","type":"module"}',
  'scripts/launcher.js': launcher.replace('FORMAT', String(format)),
})

async function atRevision(
  repository: TemporaryRepository,
  over: Partial<RevisionRequest> = {},
): Promise<RevisionRendering> {
  return renderRevision({
    repoRoot: repository.folder,
    labPath: 'lab',
    packageRoot: repository.folder,
    lab: 'now',
    // The lab's name is what is in its file, so a test sees which one was read.
    render: async (folder) => emptyRendering(`in process: ${await readFile(join(folder, 'lab.yaml'), 'utf8')}`),
    ...over,
  })
}

async function refused(action: Promise<unknown>): Promise<string> {
  return action.then(
    () => assert.unreachable('it was rendered'),
    (error: Error) => error.message,
  ) as Promise<string>
}

async function leftovers({ folder, git }: TemporaryRepository): Promise<readonly string[]> {
  const base = join(folder, 'node_modules/.cache/quorate/base')
  const trees = git('worktree', 'list', '--porcelain').match(/^worktree .*/gm) ?? []
  return [...(existsSync(base) ? await readdir(base) : []), ...trees.slice(1)]
}

test('the lab of the revision is rendered, not the one in the working tree, and nothing is left', async ({
  repository,
}) => {
  const commit = await repository.commit({ ...ignore, 'lab/lab.yaml': 'old' })
  await repository.write({ 'lab/lab.yaml': 'new' })
  assert.equal(await atRevision(repository), { rendering: emptyRendering('in process: old'), commit, note: null })
  assert.equal(await leftovers(repository), [])
  assert.is(repository.git('status', '--porcelain').trim(), 'M lab/lab.yaml')
})

test('a revision may be named', async ({ repository }) => {
  await repository.commit({ ...ignore, 'lab/lab.yaml': 'older' })
  await repository.commit({ 'lab/lab.yaml': 'old' })
  assert.is((await atRevision(repository, { revision: 'HEAD~1' })).rendering.lab, 'in process: older')
  assert.match(await refused(atRevision(repository, { revision: '--all' })), /is no commit/)
})

test('where renderers or scripts differ, also when not committed, the revision renders itself, without our environment', async ({
  repository,
}) => {
  await repository.commit({ ...ignore, ...ownTool(), 'lab/lab.yaml': 'old' })
  await repository.write({ 'renderers/index.ts': '' })
  process.env['QUORATE_TEST_POISON'] = 'poison'
  try {
    const { rendering } = await atRevision(repository)
    assert.is(rendering.lab, 'old')
    const [verb, json, flag, environment, home] = JSON.parse(rendering.secrets['seen']?.fingerprint ?? '') as [
      string,
      string,
      string,
      string[],
      string,
    ]
    assert.equal([verb, json, flag], ['render', '--json', '--lab'])
    assert.equal(environment, ['HOME', 'NO_COLOR', 'PATH'])
    assert.not.ok(existsSync(home))
  } finally {
    delete process.env['QUORATE_TEST_POISON']
  }
  assert.equal(await leftovers(repository), [])
})

test("a repository that only holds a lab uses the installed quorate, on the revision's files", async ({
  repository,
}) => {
  await repository.commit({
    ...ignore,
    'package.json': '{"devDependencies":{"quorate":"1"}}',
    'lab/lab.yaml': 'old',
    'renderers/index.ts': '1',
  })
  await repository.write({
    'renderers/index.ts': '2',
    'node_modules/quorate/package.json': '{"type":"module"}',
    'node_modules/quorate/scripts/launcher.js': launcher.replace('FORMAT', '1'),
  })
  assert.is((await atRevision(repository)).rendering.lab, 'old')
})

test('a lab in a folder below the top of the repository is found', async ({ repository }) => {
  await repository.commit({ ...ignore, 'sub/package.json': '{}', 'sub/lab/lab.yaml': 'old' })
  const repoRoot = join(repository.folder, 'sub')
  assert.is((await atRevision(repository, { repoRoot })).rendering.lab, 'in process: old')
})

test('a base without the lab, or without quorate, is compared with nothing, and that is said', async ({
  repository,
}) => {
  const commit = await repository.commit({ ...ignore, 'README.md': '' })
  await repository.write({ 'lab/lab.yaml': 'new' })
  assert.equal(await atRevision(repository), {
    rendering: emptyRendering('now'),
    commit,
    note: `${commit.slice(0, 7)} has no lab/: compared with nothing`,
  })
  await repository.commit({})
  await repository.write({ 'package.json': '{"devDependencies":{"quorate":"1"}}' })
  const { rendering, note } = await atRevision(repository)
  assert.equal(rendering, emptyRendering('now'))
  assert.match(note ?? '', /has no quorate to render it with/)
})

test('outside of git, and before the first commit, there is nothing to compare with', async ({ repository }) => {
  assert.match((await atRevision(repository)).note ?? '', /nothing is committed yet/)
  repository.git('--version')
  const outside = await realpath('/')
  assert.match((await atRevision(repository, { repoRoot: outside })).note ?? '', /is in no git repository/)
})

test('a base whose definition is broken ends the comparison with its own words, and leaves nothing', async ({
  repository,
}) => {
  await repository.commit({ ...ignore, ...ownTool(), 'lab/lab.yaml': 'broken' })
  await repository.write({ 'scripts/more.ts': '', 'lab/lab.yaml': 'fine' })
  assert.match(await refused(atRevision(repository)), /lab\.yaml:1:1 broken.*--base REV/s)
  const fails = async (): Promise<Rendering> => Promise.reject(new Error('in process'))
  repository.git('checkout', '-q', '.')
  repository.git('clean', '-qfd')
  assert.match(await refused(atRevision(repository, { render: fails })), /in process/)
  assert.equal(await leftovers(repository), [])
})

for (const format of [2, 'undefined', '"1"']) {
  test(`a rendering of format ${format} is refused`, async ({ repository }) => {
    await repository.commit({ ...ignore, ...ownTool(format), 'lab/lab.yaml': 'old' })
    await repository.write({ 'scripts/more.ts': '' })
    assert.match(await refused(atRevision(repository)), /of format .*, not 1/)
  })
}

test('with another lock file the revision gets the packages of its own, installed once and without running their scripts', async ({
  repository,
}) => {
  const own = {
    name: 'quorate',
    type: 'module',
    devDependencies: { quorate: 'file:.' },
    scripts: { postinstall: 'touch ran' },
  }
  const lock = (version: string) => {
    const packages = { '': { ...own, version }, 'node_modules/quorate': { resolved: '', link: true } }
    return JSON.stringify({ name: 'quorate', version, lockfileVersion: 3, requires: true, packages })
  }
  const seesModules = `${launcher.replace('FORMAT', '1')}\nreadFileSync(new URL('../node_modules/.package-lock.json', import.meta.url))`
  await repository.commit({
    ...ignore,
    'package.json': JSON.stringify({ ...own, version: '1.0.0' }),
    'package-lock.json': lock('1.0.0'),
    'scripts/launcher.js': seesModules,
    'lab/lab.yaml': 'old',
  })
  await repository.write({ 'package-lock.json': lock('2.0.0') })
  assert.is((await atRevision(repository)).rendering.lab, 'old')
  const modules = join(repository.folder, 'node_modules/.cache/quorate/modules')
  const [kept = '', ...more] = await readdir(modules)
  assert.equal(more, [])
  assert.not.ok(existsSync(join(modules, kept, 'ran')))
  // A second run takes what is there.
  await writeFile(join(modules, kept, 'node_modules/.package-lock.json'), 'kept')
  assert.is((await atRevision(repository)).rendering.lab, 'old')
  assert.is(await readFile(join(modules, kept, 'node_modules/.package-lock.json'), 'utf8'), 'kept')
  assert.equal(await leftovers(repository), [])
})

test('what is no JSON is refused', async ({ repository }) => {
  await repository.commit({
    ...ignore,
    ...ownTool(),
    'scripts/launcher.js': 'console.log("hello {}")',
    'lab/lab.yaml': 'old',
  })
  await repository.write({ 'scripts/more.ts': '' })
  assert.match(await refused(atRevision(repository)), /printed no JSON/)
})

test('what a killed run left is removed; what a running one uses is not', async ({ repository }) => {
  const commit = await repository.commit({ ...ignore, 'lab/lab.yaml': 'old' })
  const base = join(repository.folder, 'node_modules/.cache/quorate/base')
  await mkdir(base, { recursive: true })
  repository.git('worktree', 'add', '-q', '--detach', join(base, `${commit}.4194304999.1`), commit)
  repository.git('worktree', 'add', '-q', '--detach', join(base, `${commit}.${process.ppid}.1`), commit)
  await symlink(repository.folder, join(base, 'link'))
  await atRevision(repository)
  assert.equal(await readdir(base), [`${commit}.${process.ppid}.1`])
  assert.is(await repository.read('lab/lab.yaml'), 'old')
})

test('two at once do not disturb each other', async ({ repository }) => {
  await repository.commit({ ...ignore, 'lab/lab.yaml': 'old' })
  const both = await Promise.all([atRevision(repository), atRevision(repository)])
  assert.equal(
    both.map(({ rendering }) => rendering.lab),
    ['in process: old', 'in process: old'],
  )
})

test.run()
