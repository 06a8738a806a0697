import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { renderByOwnTool } from '../../scripts/lib/bundle/own-tool.ts'
import { temporaryRepository, type TemporaryRepository } from './temporary-repository.ts'

const test = suite<{ repository: TemporaryRepository }>("a revision's own quorate")
test.before.each(async (context) => {
  context.repository = await temporaryRepository()
})
test.after.each(async ({ repository }) => repository.remove())

test('npm sees no more of our environment than where programs and its own settings are', async ({ repository }) => {
  const bin = join(repository.folder, 'bin')
  await mkdir(bin)
  await writeFile(join(bin, 'npm'), '#!/bin/sh\nenv >seen\nmkdir node_modules\n')
  await chmod(join(bin, 'npm'), 0o755)
  const root = join(repository.folder, 'node_modules/tree')
  await repository.write({
    'package-lock.json': '{"is":"new"}',
    'node_modules/tree/package-lock.json': '{"is":"old"}',
    'node_modules/tree/package.json': '{"name":"quorate","type":"module"}',
    'node_modules/tree/scripts/launcher.js':
      'console.log(JSON.stringify({ format: 1, lab: "old", hosts: {}, contents: {}, secrets: {} }))',
  })
  const { PATH } = process.env
  process.env['PATH'] = `${bin}${delimiter}${PATH}`
  process.env['SOPS_AGE_KEY'] = 'a key that nobody else may see'
  try {
    const lab = join(root, 'lab')
    const rendering = await renderByOwnTool({ repoRoot: repository.folder, root, lab, commit: 'a'.repeat(40) })
    assert.is(rendering?.lab, 'old')
  } finally {
    process.env['PATH'] = PATH
    delete process.env['SOPS_AGE_KEY']
  }
  const modules = join(repository.folder, 'node_modules/.cache/quorate/modules')
  const seen = await readFile(join(modules, (await readdir(modules))[0] ?? '', 'seen'), 'utf8')
  const names = seen
    .trim()
    .split('\n')
    .map((line) => line.split('=')[0] ?? '')
  // PWD, OLDPWD, SHLVL and _ are the shell's own.
  assert.equal(names.filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name)).toSorted(), ['HOME', 'PATH'])
})

test.run()
