import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { filesBelow, top } from './source-tree.ts'

const missing = spawnSync('shellcheck', ['--version']).error !== undefined
const simulated = filesBelow('scripts/lib/twin/embedded/bin').filter(({ text }) => /^#!.*sh\n/.test(text))
const ends = ['scripts', 'renderers', '.github', 'test'].flatMap((folder) => filesBelow(folder, /\.sh$/))
const scripts = [...ends, ...simulated.filter(({ path }) => !path.endsWith('.sh')), ...filesBelow('.ci')]

/** What shellcheck says of scripts in one shell; empty when it is content. */
function findings(shell: 'sh' | 'bash', paths: readonly string[]): string {
  const words = ['--shell', shell, '--external-sources', '--source-path', 'SCRIPTDIR', ...paths]
  const { stdout, stderr } = spawnSync('shellcheck', words, { cwd: top, encoding: 'utf8' })
  return stdout + stderr
}

for (const shell of ['sh', 'bash'] as const) {
  const title = `every script for ${shell} passes shellcheck`
  if (missing) {
    test.skip(`${title} (shellcheck is not installed here)`, () => {})
    continue
  }
  test(title, () => {
    const isBash = (text: string) => text.startsWith('#!/usr/bin/env bash')
    const paths = scripts.filter(({ text }) => isBash(text) === (shell === 'bash')).map(({ path }) => path)
    assert.ok(paths.length > 0)
    assert.is(findings(shell, paths), '')
  })
  test(`a script for ${shell} with a fault does not pass`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'quorate-shell-'))
    try {
      writeFileSync(join(folder, 'planted.sh'), '#!/bin/sh\nrm -rf $1/bin\n')
      assert.match(findings(shell, [join(folder, 'planted.sh')]), 'SC2086')
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
}

test('no script is overlooked: the host side, the simulated programs and .ci/run are among them', () => {
  const paths = scripts.map(({ path }) => path)
  assert.ok(paths.includes('scripts/lib/deployment/host.sh'))
  assert.ok(paths.includes('.ci/run'))
  assert.ok(simulated.length > 0)
})

test.run()
