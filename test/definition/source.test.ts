import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { define } from '../../scripts/lib/definition/definition.ts'
import { readSources } from '../../scripts/lib/definition/source.ts'
import { FailureError } from '../../scripts/lib/failure.ts'

const test = suite<{ base: string; lab: string }>('source')

test.before.each((context) => {
  context.base = mkdtempSync(join(tmpdir(), 'quorate-source-'))
  context.lab = join(context.base, 'lab')
  mkdirSync(context.lab)
})

test.after.each(({ base }) => rmSync(base, { recursive: true }))

function put(lab: string, path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(lab, path)), { recursive: true })
  writeFileSync(join(lab, path), content)
}

async function ruleOf(lab: string, path: string): Promise<string | undefined> {
  return (await readSources(lab)).find((source) => source.path === path)?.fault?.rule
}

test('files come sorted by path, with "/" and without their byte order mark', async ({ lab }) => {
  put(lab, 'nodes/b.yaml', '\uFEFFid: 1\n')
  put(lab, 'lab.yaml', 'name: a\n')
  put(lab, 'nodes/a.yaml', '')
  assert.equal(await readSources(lab), [
    { path: 'lab.yaml', text: 'name: a\n' },
    { path: 'nodes/a.yaml', text: '' },
    { path: 'nodes/b.yaml', text: 'id: 1\n' },
  ])
})

test('hidden files are left alone, except below files/, where they are rolled out', async ({ lab }) => {
  put(lab, '.sops.yaml', 'a: b\n')
  put(lab, 'nodes/.pve1.yaml.swp', new Uint8Array([0xff]))
  put(lab, 'files/all/root/.bashrc', 'true\n')
  assert.equal(
    (await readSources(lab)).map(({ path }) => path),
    ['files/all/root/.bashrc'],
  )
})

test('text that is no UTF-8, or that holds NUL, is a problem', async ({ lab }) => {
  put(lab, 'files/all/etc/motd', new Uint8Array([0x61, 0xff, 0x62]))
  put(lab, 'files/all/etc/issue', 'a\0b')
  assert.is(await ruleOf(lab, 'files/all/etc/motd'), 'file-text')
  assert.is(await ruleOf(lab, 'files/all/etc/issue'), 'file-text')
})

test('more than 1 MiB is a problem, 1 MiB is none', async ({ lab }) => {
  put(lab, 'files/all/a', 'a'.repeat(1024 * 1024))
  put(lab, 'files/all/b', 'a'.repeat(1024 * 1024 + 1))
  assert.is(await ruleOf(lab, 'files/all/a'), undefined)
  assert.is(await ruleOf(lab, 'files/all/b'), 'file-size')
})

test('a link may point at a file of the lab, and nowhere else', async ({ base, lab }) => {
  put(base, 'secret', 'hunter2\n')
  put(base, 'lab-other/secret', 'hunter2\n')
  put(lab, 'nodes/pve1.yaml', 'id: 1\n')
  symlinkSync('pve1.yaml', join(lab, 'nodes', 'inside.yaml'))
  symlinkSync(join(base, 'secret'), join(lab, 'nodes', 'outside.yaml'))
  symlinkSync('../../lab-other/secret', join(lab, 'nodes', 'beside.yaml'))
  symlinkSync('nothing', join(lab, 'nodes', 'dangling.yaml'))
  symlinkSync('.', join(lab, 'nodes', 'loop.yaml'))
  const sources = await readSources(lab)
  assert.is(sources.find(({ path }) => path === 'nodes/inside.yaml')?.text, 'id: 1\n')
  assert.equal(
    sources.flatMap(({ path, fault }) => (fault === undefined ? [] : [`${path} ${fault.rule}`])),
    [
      'nodes/beside.yaml file-link',
      'nodes/dangling.yaml file-link',
      'nodes/loop.yaml file-kind',
      'nodes/outside.yaml file-link',
    ],
  )
  assert.not.match(JSON.stringify(sources), 'hunter2')
})

test('a pipe is not waited for', async ({ lab }) => {
  execFileSync('mkfifo', [join(lab, 'lab.yaml')])
  assert.is(await ruleOf(lab, 'lab.yaml'), 'file-kind')
})

test('a name that could do harm where it is printed is a problem, and is printed harmlessly', async ({ lab }) => {
  put(lab, 'nodes/a\u001b[31m\nb.yaml', 'id: 1\n')
  const [source] = await readSources(lab)
  assert.is(source?.fault?.rule, 'file-name')
  const { problems } = define([source!], 'lab', [])
  assert.not.match(problems.map(({ file, message }) => file + message).join(''), /[\u0000-\u001f]/)
})

test('faults of files are problems of the definition', async ({ lab }) => {
  put(lab, 'nodes/pve1.yaml', new Uint8Array([0xff]))
  const { problems, lab: defined } = define(await readSources(lab), 'lab', [])
  assert.ok(problems.some(({ rule, file }) => rule === 'file-text' && file === 'lab/nodes/pve1.yaml'))
  assert.is(defined, null)
})

test('where there is no lab, the run ends with exit 2', async ({ base }) => {
  put(base, 'file', '')
  for (const folder of ['nowhere', 'file']) {
    try {
      await readSources(join(base, folder))
      assert.unreachable()
    } catch (error) {
      assert.instance(error, FailureError)
      assert.is((error as FailureError).exit, 2)
    }
  }
})

test.run()
