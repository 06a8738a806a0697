import { existsSync, readdirSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { assembleSchema } from '../../scripts/lib/definition/schema.ts'
import { renderers } from '../../renderers/index.ts'
import { filesBelow, top } from './source-tree.ts'

const services = renderers.map(({ service }) => service)
const folders = readdirSync(join(top, 'renderers'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .toSorted()

test('a service has the same name in the registry, in the schema and as a folder', () => {
  assert.equal(services, folders)
  const { $defs } = assembleSchema(renderers) as { $defs: Record<string, unknown> }
  assert.equal(
    services.filter((service) => $defs[service] === undefined),
    [],
  )
})

test('the registry is sorted by service, each once', () => {
  assert.equal(services, [...new Set(services)].toSorted())
})

test("a renderer's folder holds its schema and its goldens", () => {
  const missing = folders.flatMap((folder) =>
    ['index.ts', 'schema.json', 'golden']
      .filter((name) => !existsSync(join(top, 'renderers', folder, name)))
      .map((name) => `renderers/${folder}/${name}`),
  )
  assert.equal(missing, [])
})

test('templates are short and compute nothing', () => {
  const long = filesBelow('renderers', /\.njk$/).filter(({ text }) => text.split('\n').length > 60)
  assert.equal(
    long.map(({ path }) => path),
    [],
  )
})

test('no service is named in lib', () => {
  const comparisons = new RegExp(`[!=]==? '(${services.join('|')})'|'(${services.join('|')})' [!=]==?`)
  assert.ok(comparisons.test(`if (service === 'corosync')`), 'the rule finds what it is for')
  const named = filesBelow('scripts/lib', /\.ts$/).filter(
    ({ path, text }) => !path.includes('/twin/') && comparisons.test(text),
  )
  assert.equal(
    named.map(({ path }) => path),
    [],
  )
})

test('every test file runs its tests', () => {
  const idle = filesBelow('test', /\.test\.ts$/).filter(({ text }) => !/\.run\(\)\s*$/.test(text))
  assert.equal(
    idle.map(({ path }) => path),
    [],
  )
})

test('no file names a path of the machine it was written on', () => {
  const here = `${dirname(top.replace(/\/$/, ''))}/`
  // A checkout in the folder for temporary files has a parent that many a text names.
  if (here.length < 4 || here === `${tmpdir()}/`) return
  const named = filesBelow('.', /\.(ts|js|json|md|ya?ml|njk|sh|py)$/).filter(({ text }) => text.includes(here))
  assert.equal(
    named.map(({ path }) => path),
    [],
  )
})

test('the top level holds what tools look for there, and four rooms', () => {
  const rooms = ['lab', 'renderers', 'scripts', 'test']
  const known =
    /^\..*|^(package(-lock)?|lab\.schema|knip|tsconfig(\.types)?)\.json$|^(README|CONTRIBUTING|SECURITY|CHANGELOG)\.md$|^LICENSE$/
  const others = filesBelow('.')
    .map(({ path }) => path.split('/')[0] ?? '')
    .filter((name) => !rooms.includes(name) && !known.test(name))
  assert.equal([...new Set(others)], [])
})

test('no build is committed', () => {
  const { status, stdout } = spawnSync('git', ['ls-files', 'dist', 'node_modules'], { cwd: top, encoding: 'utf8' })
  if (status === 0) assert.is(stdout, '')
})

test.run()
