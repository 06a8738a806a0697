/** No verb loads what it does not use: what a module imports is read and run before the verb begins. */
import { posix } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { filesBelow } from './source-tree.ts'

const sources = new Map(
  [...filesBelow('scripts', /\.(ts|js)$/), ...filesBelow('renderers', /\.ts$/)].map(({ path, text }) => [path, text]),
)

/** Everything that is loaded with a module, and not only when it is asked for: files of ours by path, packages by name. */
function loaded(entry: string, texts: ReadonlyMap<string, string> = sources): ReadonlySet<string> {
  const seen = new Set<string>()
  const open = [entry]
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (seen.has(path)) continue
    seen.add(path)
    for (const target of importsOf(texts.get(path) ?? '')) {
      open.push(target.startsWith('.') ? posix.join(posix.dirname(path), target) : packageOf(target))
    }
  }
  return seen
}

/** Types are erased. */
function importsOf(text: string): readonly string[] {
  return [...text.matchAll(/^(?:import|export) (?!type )[^'\n]*(?:\{[^}']*\} )?from '([^'\n]+)'/gm)].map(
    ([, target = '']) => target,
  )
}

function packageOf(target: string): string {
  return target.startsWith('@') ? target.split('/').slice(0, 2).join('/') : (target.split('/')[0] ?? '')
}

const definition = ['ajv', 'yaml', 'ip-address', 'nunjucks']
const hosts = ['ssh2', 'ssh2-sftp-client', 'scripts/lib/deployment/remote.ts']
const twin = ['scripts/lib/twin/embedded/lab.ts', 'scripts/lib/twin/twin.ts']
const bench = ['scripts/lib/bench/stage.ts']
const rest = ['@actions/core', 'esbuild']

/** By entry, what it has no use for. */
const unused: Readonly<Record<string, readonly string[]>> = {
  quorate: [...definition, ...hosts, ...twin, ...bench, ...rest, 'diff', 'simple-git', 'p-limit'],
  check: [...hosts, ...twin, ...bench, ...rest, 'diff', 'simple-git', 'commander', 'scripts/lib/rollout/plan.ts'],
  render: [...hosts, ...twin, ...bench, ...rest, 'commander', 'scripts/lib/rollout/plan.ts'],
  diff: [...hosts, ...twin, ...bench, ...rest, 'commander'],
  plan: [...hosts, ...twin, ...bench, ...rest, 'commander'],
  comment: [...hosts, ...twin, ...bench, ...rest, 'yaml', 'commander'],
  deploy: [...twin, ...bench, ...rest, 'commander'],
  drift: [...twin, ...bench, ...rest, 'commander'],
  status: [...twin, ...bench, ...rest, 'commander'],
}

for (const [entry, names] of Object.entries(unused)) {
  test(`${entry} loads nothing that it has no use for`, () => {
    const all = loaded(`scripts/${entry}.ts`)
    assert.equal(
      names.filter((name) => all.has(name)),
      [],
    )
  })
}

test('what is imported is followed, over several lines and through others; types and what is asked for later are not', () => {
  const texts = new Map([
    [
      'scripts/a.ts',
      `import {\n  b,\n} from './lib/b.ts'\nimport type { C } from './c.ts'\nconst d = await import('./d.ts')`,
    ],
    ['scripts/lib/b.ts', `export { e } from '../e.ts'\nimport yaml from 'yaml/util'`],
    ['scripts/e.ts', `import x, { y } from '@actions/core/z'`],
  ])
  assert.equal([...loaded('scripts/a.ts', texts)].toSorted(), [
    '@actions/core',
    'scripts/a.ts',
    'scripts/e.ts',
    'scripts/lib/b.ts',
    'yaml',
  ])
  assert.ok(loaded('scripts/deploy.ts').has('ssh2-sftp-client'), 'the packages that a verb does use are found')
})

test.run()
