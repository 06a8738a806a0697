import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { renderLab } from '../../scripts/lib/bundle/render.ts'
import type { Rendering } from '../../scripts/lib/bundle/rendering.ts'
import { writeBundles } from '../../scripts/lib/bundle/write.ts'
import { assertContract } from '../contracts/contract.ts'
import { file, host, lab, part, toy } from './sample.ts'

const test = suite<{ folder: string }>('writing bundles')
test.before.each(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'quorate-test-'))
})
test.after.each(async ({ folder }) => rm(folder, { recursive: true, force: true }))

function rendering(hosts: readonly string[], path = '/etc/toy/a'): Rendering {
  const text = ['password ', { secret: 'toy', kind: 'text', half: 'whole' } as const, '\n']
  return renderLab(lab(hosts.map((name) => host(name))), [toy(() => [part('toy', [file(path, text)])])], {}).rendering
}

async function refused(action: Promise<unknown>): Promise<string> {
  return action.then(
    () => assert.unreachable('it was written'),
    (error: Error) => error.message,
  ) as Promise<string>
}

test('every host gets a folder with its files and its manifest, with placeholders for secrets', async ({ folder }) => {
  const out = join(folder, 'deep', 'out')
  assert.is(await writeBundles(rendering(['n1', 'n2']), out), 2)
  assert.is(await readFile(join(out, 'n2', 'etc/toy/a'), 'utf8'), 'password <secret toy>\n')
  assertContract('manifest', JSON.parse(await readFile(join(out, 'n1', 'manifest.json'), 'utf8')))
})

test('written again, what is no longer there is gone and the rest is the same', async ({ folder }) => {
  const out = join(folder, 'out')
  await writeBundles(rendering(['n1', 'n2'], '/etc/old'), out)
  await writeBundles(rendering(['n1']), out)
  assert.equal((await readdir(out)).toSorted(), ['.quorate-bundles.json', 'n1'])
  assert.equal(await readdir(join(out, 'n1', 'etc')), ['toy'])
})

test('a folder with anything that was not written here is left as it is', async ({ folder }) => {
  await writeFile(join(folder, 'letter.txt'), 'mine')
  assert.match(await refused(writeBundles(rendering(['n1']), folder)), /letter\.txt/)
  assert.equal(await readdir(folder), ['letter.txt'])
  const out = join(folder, 'out')
  await writeBundles(rendering(['n1']), out)
  await mkdir(join(out, 'n3'))
  assert.match(await refused(writeBundles(rendering(['n1']), out)), /"n3"/)
  assert.ok((await readdir(out)).includes('n1'))
})

test('a marker that somebody forged cannot have anything outside removed', async ({ folder }) => {
  const out = join(folder, 'out')
  await mkdir(out)
  await writeFile(join(folder, 'keep'), 'mine')
  await writeFile(join(out, '.quorate-bundles.json'), JSON.stringify({ hosts: ['../keep', '..', '.', '', 3] }))
  await writeBundles(rendering(['n1']), out)
  assert.is(await readFile(join(folder, 'keep'), 'utf8'), 'mine')
})

test('a link where a host folder, or the marker, should be is removed or refused, never followed', async ({
  folder,
}) => {
  const out = join(folder, 'out')
  const outside = join(folder, 'outside')
  await mkdir(outside)
  await writeBundles(rendering(['n1']), out)
  await rm(join(out, 'n1'), { recursive: true })
  await symlink(outside, join(out, 'n1'))
  await writeBundles(rendering(['n1']), out)
  assert.equal(await readdir(outside), [])
  await symlink(outside, join(out, 'n2'))
  await refused(writeBundles(rendering(['n1', 'n2']), out))
  assert.equal(await readdir(outside), [])
})

for (const path of ['/../outside', '/etc/../../outside', 'etc/a', '/etc//a', '/manifest.json', '/a\0b']) {
  test(`a rendering from elsewhere with the path ${JSON.stringify(path)} is refused before anything is written`, async ({
    folder,
  }) => {
    const legal = rendering(['n1'])
    const hostile = JSON.parse(JSON.stringify(legal).replace('"/etc/toy/a"', () => JSON.stringify(path))) as Rendering
    await refused(writeBundles(hostile, join(folder, 'out')))
    assert.equal(await readdir(folder), [])
  })
}

test('a rendering from elsewhere with a host that is a path is refused', async ({ folder }) => {
  const hostile = JSON.parse(JSON.stringify(rendering(['n1'])).replaceAll('"n1"', '"../n1"')) as Rendering
  assert.match(await refused(writeBundles(hostile, join(folder, 'out'))), /no host name/)
})

test.run()
