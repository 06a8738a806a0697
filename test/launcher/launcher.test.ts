import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { top } from '../house/source-tree.ts'

const root = mkdtempSync(join(tmpdir(), 'quorate-launcher-'))
test.after(() => rmSync(root, { recursive: true, force: true }))

const sources: Readonly<Record<string, string>> = {
  'package.json': '{ "name": "quorate", "type": "module" }',
  'package-lock.json': '{}',
  'lab.schema.json': '{}',
  'scripts/quorate.ts': `export async function main(): Promise<void> { (await import('./verb.ts')).verb() }`,
  'scripts/verb.ts': `import file from '../renderers/motd.njk'\nexport const verb = (): void => void process.stdout.write(file.name + ': ' + file.text)`,
  'renderers/motd.njk': 'one\n',
  'renderers/renderer.ts': 'export const quiet = 0',
  'renderers/index.ts': 'export const renderers = []',
  'renderers/motd/golden/motd': 'golden\n',
}

/** A checkout of its own with the real launcher and build over a toy. */
function checkout(): string {
  const folder = mkdtempSync(join(root, 'checkout-'))
  for (const [path, text] of Object.entries(sources)) write(folder, path, text)
  for (const name of ['launcher.js', 'build.js']) cpSync(join(top, 'scripts', name), join(folder, 'scripts', name))
  symlinkSync(join(top, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

function write(folder: string, path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}

/** Launches in another folder than the checkout, as a user may. */
async function launched(
  folder: string,
): Promise<{ readonly exit: number; readonly out: string; readonly err: string }> {
  return await new Promise((resolve) => {
    const child = execFile(process.execPath, [join(folder, 'scripts/launcher.js')], { cwd: root }, (_, out, err) =>
      resolve({ exit: child.exitCode ?? -1, out, err }),
    )
  })
}

const said = async (folder: string): Promise<string> => (await launched(folder)).out

test('a checkout is built when it is first called, and only then', async () => {
  const folder = checkout()
  assert.is(await said(folder), 'renderers/motd.njk: one\n')
  const builds = readdirSync(join(folder, 'dist'))
  assert.is(builds.length, 1)
  // A second build would need esbuild.
  rmSync(join(folder, 'node_modules'))
  assert.is(await said(folder), 'renderers/motd.njk: one\n')
  assert.equal(readdirSync(join(folder, 'dist')), builds)
})

for (const [path, text, out] of [
  ['renderers/motd.njk', 'two\n', 'renderers/motd.njk: two\n'],
  ['scripts/verb.ts', `export const verb = (): void => void process.stdout.write('three')`, 'three'],
] as const) {
  test(`a stale build is never run: ${path} changed`, async () => {
    const folder = checkout()
    await launched(folder)
    write(folder, path, text)
    assert.is(await said(folder), out)
  })
}

test('other dependencies make another build, other goldens do not', async () => {
  const folder = checkout()
  await launched(folder)
  write(folder, 'renderers/motd/golden/motd', 'another\n')
  await launched(folder)
  assert.is(readdirSync(join(folder, 'dist')).length, 1)
  write(folder, 'package-lock.json', '{ "lockfileVersion": 3 }')
  await launched(folder)
  assert.is(readdirSync(join(folder, 'dist')).length, 2)
})

test('sources that cannot be built are said to be so, and no older build runs instead', async () => {
  const folder = checkout()
  await launched(folder)
  write(folder, 'scripts/verb.ts', 'export const verb = (')
  const { exit, out, err } = await launched(folder)
  assert.is(exit, 4)
  assert.is(out, '')
  assert.match(err, 'error: quorate could not be started')
  assert.match(err, 'scripts/verb.ts:1')
})

test('launchers that build at the same time do not break each other and leave one whole build', async () => {
  const folder = checkout()
  const outs = await Promise.all([said(folder), said(folder), said(folder)])
  assert.equal(
    outs,
    Array.from({ length: 3 }, () => 'renderers/motd.njk: one\n'),
  )
  assert.is(readdirSync(join(folder, 'dist')).length, 1)
})

test('builds of older sources are cleared away, a few are kept for those who still run them', async () => {
  const folder = checkout()
  for (let turn = 0; turn < 7; turn++) {
    write(folder, 'renderers/motd.njk', `${turn}\n`)
    assert.is(await said(folder), `renderers/motd.njk: ${turn}\n`)
  }
  assert.is(readdirSync(join(folder, 'dist')).length, 5)
})

test('an installed package runs what it was published with and builds nothing', async () => {
  const folder = checkout()
  write(folder, 'dist/quorate.js', `export async function main() { process.stdout.write('published') }`)
  rmSync(join(folder, 'scripts/quorate.ts'))
  rmSync(join(folder, 'scripts/build.js'))
  assert.is(await said(folder), 'published')
})

test.run()
