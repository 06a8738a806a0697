import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { top } from '../house/source-tree.ts'

/** What `npm pack` reads; packed from a copy, so that a build that somebody runs meanwhile is left alone. */
const packed = [
  'package.json',
  'package-lock.json',
  'lab.schema.json',
  'lab',
  'tsconfig.json',
  'tsconfig.types.json',
  'LICENSE',
  'README.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'renderers',
  'scripts',
]

const root = mkdtempSync(join(tmpdir(), 'quorate-package-'))
const repository = join(root, 'lab-repository')
const quiet = ['--no-audit', '--no-fund', '--loglevel', 'error']

test.before(() => {
  const sources = join(root, 'sources')
  mkdirSync(sources)
  for (const name of packed) cpSync(join(top, name), join(sources, name), { recursive: true })
  symlinkSync(join(top, 'node_modules'), join(sources, 'node_modules'))
  execFileSync('npm', ['pack', '--silent', '--pack-destination', root], { cwd: sources })
  const tarball = readdirSync(root).find((name) => name.endsWith('.tgz')) ?? ''

  mkdirSync(repository)
  cpSync(join(top, 'lab'), join(repository, 'lab'), { recursive: true })
  write('package.json', '{ "private": true }')
  write('.gitignore', 'node_modules/\n')
  execFileSync('npm', ['install', '--prefer-offline', '--ignore-scripts', ...quiet, join(root, tarball)], {
    cwd: repository,
  })
})
test.after(() => rmSync(root, { recursive: true, force: true }))

function write(path: string, text: string): void {
  mkdirSync(dirname(join(repository, path)), { recursive: true })
  writeFileSync(join(repository, path), text)
}

/** Runs the installed quorate in the lab's repository. */
function quorate(...args: readonly string[]) {
  return quorateIn(repository, ...args)
}

function quorateIn(cwd: string, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync('npx', ['--no-install', 'quorate', ...args], {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, GITHUB_ACTIONS: '' },
  })
  return { status, stdout, stderr }
}

function git(...args: readonly string[]): void {
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.net', '-c', 'commit.gpgsign=false', ...args], {
    cwd: repository,
    stdio: 'ignore',
  })
}

test('npx quorate works in a clean clone after npm ci, and builds itself there', () => {
  const clone = join(root, 'clone')
  mkdirSync(clone)
  for (const name of packed) cpSync(join(top, name), join(clone, name), { recursive: true })
  execFileSync('npm', ['ci', '--prefer-offline', '--ignore-scripts', ...quiet], { cwd: clone })
  const { status, stdout, stderr } = quorateIn(clone, 'check')
  assert.is(status, 0, stdout + stderr)
  assert.match(stdout, 'lab example')
  assert.ok(existsSync(join(clone, 'node_modules/.bin/quorate')))
})

test('a repository with nothing but lab/ checks clean with the installed package', () => {
  const { status, stdout, stderr } = quorate('check')
  assert.is(status, 0, stdout + stderr)
  assert.match(stdout, 'lab example')
})

test('it renders every host', () => {
  const { status, stderr } = quorate('render', '--out', 'out')
  assert.is(status, 0, stderr)
  const hosts = readdirSync(join(repository, 'out'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
  assert.equal(hosts.map(({ name }) => name).toSorted(), ['dns1', 'dns2', 'pve1', 'pve2', 'pve3'])
  rmSync(join(repository, 'out'), { recursive: true })
})

test('it plans a change against a commit of that repository', () => {
  git('init', '--initial-branch=main')
  git('add', '.')
  git('commit', '-m', 'the lab')
  write('lab/files/nodes/etc/sysctl.d/60-forwarding.conf', '# Another line.\nnet.ipv4.ip_forward = 1\n')
  const { status, stdout, stderr } = quorate('plan', '--base', 'HEAD', '--json')
  assert.is(status, 0, stdout + stderr)
  assert.match(stdout, '/etc/sysctl.d/60-forwarding.conf')
  git('checkout', '--', 'lab')
})

const motd = `import { quiet, type Renderer } from 'quorate/renderer'
import { renderers as own } from 'quorate/renderers'
import text from './motd.njk'

const motd: Renderer = {
  service: 'motd',
  version: 1,
  schema: { type: 'object', additionalProperties: false, properties: {} },
  problems: () => [],
  settings: (lab) => Object.fromEntries(Object.keys(lab.hosts).map((host) => [host, {}])),
  parts: (host) => [
    {
      id: 'motd',
      layer: 1,
      reach: 'host',
      files: [
        { path: '/etc/motd', mode: '0644', owner: 'root:root', store: 'disk', text: [text.text, host, '\\n'], from: [], onChange: quiet },
      ],
      onRemove: quiet,
      needs: { packages: {}, directories: [] },
      check: [],
      probe: [],
    },
  ],
  groups: () => [],
  transition: () => ({ kind: 'rolling' }),
}

export const renderers: readonly Renderer[] = [...own, motd].toSorted((a, b) => (a.service < b.service ? -1 : 1))
`

test('a registry of the repository adds a service; without esbuild that is said', () => {
  write('renderers/index.ts', motd)
  write('renderers/motd.njk', 'This is ')
  write('lab/services/motd.yaml', '{}\n')
  const without = quorate('check')
  assert.is(without.status, 2)
  assert.match(without.stderr, 'npm install --save-dev esbuild')

  symlinkSync(join(top, 'node_modules/esbuild'), join(repository, 'node_modules/esbuild'))
  const { status, stdout, stderr } = quorate('render', '--json', '--host', 'pve1')
  assert.is(status, 0, stderr)
  const rendering = JSON.parse(stdout) as { contents: Record<string, readonly string[]> }
  assert.ok(Object.values(rendering.contents).some((content) => content.join('') === 'This is pve1\n'))
})

test("the package's types fit a renderer of one's own", () => {
  const options = { target: 'es2023', module: 'nodenext', strict: true, noEmit: true, types: ['quorate/text-files'] }
  write('package.json', '{ "private": true, "type": "module" }')
  write('tsconfig.json', JSON.stringify({ compilerOptions: options, include: ['renderers'] }))
  const compile = () =>
    spawnSync(process.execPath, [join(top, 'node_modules/typescript/bin/tsc')], { cwd: repository, encoding: 'utf8' })
  assert.is(compile().stdout, '')
  write('renderers/index.ts', motd.replace('layer: 1,', 'layer: 99,'))
  assert.match(compile().stdout, "not assignable to type 'Layer'")
})

test('the package holds what it needs at run time, and no sources or tests', () => {
  const installed = join(repository, 'node_modules/quorate')
  assert.ok((statSync(join(installed, 'scripts/lib/twin/embedded/bin/systemctl')).mode & 0o111) !== 0)
  for (const name of ['lab.schema.json', 'lab/lab.yaml']) assert.ok(existsSync(join(installed, name)), name)
  for (const name of ['test', 'renderers', 'scripts/quorate.ts']) assert.not.ok(existsSync(join(installed, name)), name)
})

test.run()
