import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { top } from '../house/source-tree.ts'

const head = `import { test } from 'uvu'\n`
const good = `${head}test('a', () => {})\ntest.run()\n`

/** Runs the wrapper over a folder with these test files; gives its exit code and last line. */
async function outcomeOf(
  files: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<readonly [number, string]> {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-wrapper-'))
  try {
    symlinkSync(join(top, 'node_modules'), join(folder, 'node_modules'))
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
    return await new Promise((resolve) => {
      const words = ['--import', 'tsx', join(top, 'test/run.ts'), '--dir', folder, ...args]
      execFile(process.execPath, words, { cwd: top }, (error, stdout) => {
        resolve([error === null ? 0 : Number(error.code), stdout.trimEnd().split('\n').at(-1) ?? ''])
      })
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test('a good suite passes, and the last line counts', async () => {
  assert.equal(await outcomeOf({ 'a.test.ts': good }), [0, '1 passed, 0 failed, 0 skipped'])
})

const failing: Readonly<Record<string, readonly [files: Readonly<Record<string, string>>, last: string]>> = {
  'a test that throws an Error': [
    { 'a.test.ts': `${head}test('a', () => { throw new Error('x') })\ntest.run()\n` },
    '0 passed, 1 failed, 0 skipped',
  ],
  'a before hook that throws': [
    { 'a.test.ts': `${head}test.before(() => { throw new Error('x') })\ntest('a', () => {})\ntest.run()\n` },
    '0 passed, 1 failed, 0 skipped',
  ],
  'a test that throws a string': [
    { 'a.test.ts': `${head}test('a', () => { throw 'x' })\ntest('b', () => {})\ntest.run()\n` },
    '0 passed, 2 failed, 0 skipped',
  ],
  'a test that rejects with a string': [
    { 'a.test.ts': `${head}test('a', () => Promise.reject('x'))\ntest('b', () => {})\ntest.run()\n` },
    '0 passed, 2 failed, 0 skipped',
  ],
  'a file without .run() among good ones': [
    { 'a.test.ts': `${head}test('a', () => {})\n`, 'b.test.ts': good },
    '2 passed, 1 failed, 0 skipped',
  ],
  'a file that throws when it is loaded': [
    { 'a.test.ts': `throw new Error('x')\n`, 'b.test.ts': good },
    '0 passed, 1 failed, 0 skipped',
  ],
  'a test that never ends': [
    { 'a.test.ts': `${head}test('a', () => new Promise(() => {}))\ntest.run()\n` },
    '0 passed, 1 failed, 0 skipped',
  ],
  'a folder without a test file': [{ 'a.ts': good }, '0 passed, 1 failed, 0 skipped'],
}

for (const [what, [files, last]] of Object.entries(failing)) {
  test(`${what} does not pass`, async () => {
    const [exit, line] = await outcomeOf(files)
    assert.is.not(exit, 0)
    assert.is(line, last)
  })
}

test('a skipped test is counted, and does not pass where none may be skipped', async () => {
  const files = { 'a.test.ts': `${head}test('a', () => {})\ntest.skip('b', () => {})\ntest.run()\n` }
  assert.equal(await outcomeOf(files), [0, '1 passed, 0 failed, 1 skipped'])
  assert.equal(await outcomeOf(files, '--no-skips'), [1, '1 passed, 1 failed, 1 skipped'])
})

test('a pattern that matches no file does not pass', async () => {
  assert.equal(await outcomeOf({ 'a.test.ts': good }, 'nothing-like-it'), [1, '0 passed, 1 failed, 0 skipped'])
  assert.equal(await outcomeOf({ 'a.test.ts': good }, 'a.test', 'nothing-like-it'), [
    1,
    '1 passed, 1 failed, 0 skipped',
  ])
})

test('of several patterns every one counts', async () => {
  const files = { 'a.test.ts': good, 'b.test.ts': good, 'c.test.ts': good }
  assert.equal(await outcomeOf(files, 'a.test', 'c.test'), [0, '2 passed, 0 failed, 0 skipped'])
})

test.run()
