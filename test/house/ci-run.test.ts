import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { top } from './source-tree.ts'

const folder = mkdtempSync(join(tmpdir(), 'quorate-ci-'))
test.after(() => rmSync(folder, { recursive: true, force: true }))

/** Runs .ci/run with everything installed and an npm whose `test` does this; gives exit code, last line and how npm was called. */
function outcomeOf(
  npmTest: string,
  npmCi = 'true',
): { readonly exit: number | null; readonly last: string; readonly out: string } {
  program('dpkg-query', `printf 'install ok installed'`)
  program('npm', `echo "npm $*"\ncase "$*" in\n*test*) ${npmTest} ;;\nci*) ${npmCi} ;;\nesac`)
  const { status, stdout } = spawnSync('bash', [join(top, '.ci/run')], {
    env: { PATH: `${folder}:${process.env['PATH']}` },
    encoding: 'utf8',
  })
  return { exit: status, last: stdout.trimEnd().split('\n').at(-1) ?? '', out: stdout }
}

function program(name: string, body: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`)
  chmodSync(join(folder, name), 0o755)
}

test('the whole suite runs, none of it skipped, and the counts come last', () => {
  const { exit, last, out } = outcomeOf(`echo '7 passed, 0 failed, 0 skipped'`)
  assert.is(exit, 0)
  assert.is(last, '7 passed, 0 failed, 0 skipped')
  assert.match(out, 'npm ci')
  assert.match(out, 'test -- --no-skips')
})

test('failing tests fail the run', () => {
  const { exit, last } = outcomeOf(`echo '6 passed, 1 failed, 0 skipped'; exit 1`)
  assert.equal([exit, last], [1, '6 passed, 1 failed, 0 skipped'])
})

test('a check that fails before the tests fails the run, and it is counted', () => {
  const { exit, last } = outcomeOf(`echo 'a lint error'; exit 2`)
  assert.equal([exit, last], [2, '0 passed, 1 failed, 0 skipped'])
})

test('a run without counts has not passed', () => {
  const { exit, last } = outcomeOf(`echo 'all well'`)
  assert.equal([exit, last], [1, '0 passed, 1 failed, 0 skipped'])
})

test('an installation that fails ends the run, and it is counted', () => {
  const { exit, last, out } = outcomeOf(`echo '7 passed, 0 failed, 0 skipped'`, 'exit 3')
  assert.equal([exit, last], [3, '0 passed, 1 failed, 0 skipped'])
  assert.not.match(out, '7 passed')
})

test.run()
