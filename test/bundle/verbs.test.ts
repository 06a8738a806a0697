import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseDocument, YAMLMap, visit } from 'yaml'
import { diff, type DiffOptions } from '../../scripts/diff.ts'
import { isCode } from '../../scripts/lib/bundle/code-changes.ts'
import type { FailureError } from '../../scripts/lib/failure.ts'
import { plan } from '../../scripts/plan.ts'
import { render } from '../../scripts/render.ts'
import type { Terminal } from '../../scripts/terminal.ts'
import { assertContract } from '../contracts/contract.ts'
import { temporaryRepository, type TemporaryRepository } from './temporary-repository.ts'

const exampleLab = fileURLToPath(new URL('../../lab', import.meta.url))

const test = suite<{ repository: TemporaryRepository; lab: string }>('render and diff')
test.before.each(async (context) => {
  context.repository = await temporaryRepository()
  context.lab = join(context.repository.folder, 'lab')
  await cp(exampleLab, context.lab, { recursive: true })
  await context.repository.commit({ '.gitignore': 'node_modules/\n' })
})
test.after.each(async ({ repository }) => repository.remove())

interface Printed extends Terminal {
  readonly outs: string[]
  readonly notes: string[]
}

function paper(): Printed {
  const outs: string[] = []
  const notes: string[] = []
  return {
    outs,
    notes,
    out: (text) => outs.push(text),
    note: (text) => notes.push(text),
    colour: false,
    columns: 80,
    live: false,
  }
}

async function rendered(lab: string, host: readonly string[] = []): Promise<string> {
  const terminal = paper()
  assert.is(await render({ lab, host, json: true }, terminal), 0)
  assert.is(terminal.outs.length, 1)
  return terminal.outs.join('')
}

async function differs(lab: string, over: Partial<DiffOptions> = {}): Promise<string> {
  const terminal = paper()
  assert.is(await diff({ lab, format: 'text', json: false, ...over }, terminal), 0)
  return terminal.outs.join('')
}

async function change(lab: string, path: string, from: string, to: string): Promise<void> {
  const text = await readFile(join(lab, path), 'utf8')
  assert.ok(text.includes(from))
  await writeFile(join(lab, path), text.replace(from, to))
}

async function refused(action: Promise<unknown>): Promise<FailureError> {
  return action.then(
    () => assert.unreachable('it went through'),
    (error: FailureError) => error,
  ) as Promise<FailureError>
}

async function everything(folder: string): Promise<string> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true })
  const texts = files
    .filter((file) => file.isFile())
    .map(async (file) => readFile(join(file.parentPath, file.name), 'utf8'))
  return (await Promise.all(texts)).join('\n')
}

/** Every YAML file of the lab, with the keys of every map the other way round. */
async function shuffleKeys(lab: string): Promise<void> {
  for (const file of await readdir(lab, { recursive: true, withFileTypes: true })) {
    if (!file.isFile() || !file.name.endsWith('.yaml')) continue
    const path = join(file.parentPath, file.name)
    const document = parseDocument(await readFile(path, 'utf8'))
    visit(document, {
      Map: (_key, map) => void (map instanceof YAMLMap && map.items.splice(0, Infinity, ...map.items.toReversed())),
    })
    await writeFile(path, document.toString())
  }
}

test('the rendering of the example lab keeps its contract, and is the same twice', async ({ lab }) => {
  const text = await rendered(lab)
  assertContract('rendering', JSON.parse(text))
  assert.is(await rendered(lab), text)
})

test('neither the folder it is rendered from nor the order of keys in the YAML changes a byte', async ({ lab }) => {
  const text = await rendered(lab)
  assert.is(await rendered(relative(process.cwd(), lab)), text)
  const other = await mkdtemp(join(tmpdir(), 'quorate-test-'))
  try {
    await cp(lab, join(other, 'labs', 'other'), { recursive: true })
    await shuffleKeys(join(other, 'labs', 'other'))
    assert.is(await rendered(join(other, 'labs', 'other')), text)
  } finally {
    await rm(other, { recursive: true, force: true })
  }
})

test('some hosts may be chosen; one that is none is refused', async ({ lab }) => {
  const document = JSON.parse(await rendered(lab, ['dns1'])) as { hosts: object }
  assertContract('rendering', document)
  assert.equal(Object.keys(document.hosts), ['dns1'])
  const { exit, message } = await refused(rendered(lab, ['dns3']))
  assert.is(exit, 2)
  assert.match(message, /"dns3" is no host/)
})

test('bundles are written where --out says; without it nothing is rendered', async ({ lab, repository }) => {
  const terminal = paper()
  const out = join(repository.folder, 'out')
  await render({ lab, out, host: [], json: false }, terminal)
  assert.match(terminal.notes.join(''), /files of 5 hosts written to/)
  assert.equal(
    (await readdir(out)).filter((name) => !name.startsWith('.')),
    ['dns1', 'dns2', 'pve1', 'pve2', 'pve3'],
  )
  assert.is((await refused(render({ lab, host: [], json: false }, paper()))).exit, 2)
})

test('a lab with an error is not rendered: the problems are printed and the exit code is 1', async ({ lab }) => {
  await change(lab, 'nodes/pve1.yaml', 'id: 1', 'id: 2')
  const terminal = paper()
  const { exit, message } = await refused(render({ lab, host: [], json: true }, terminal))
  assert.is(exit, 1)
  assert.match(message, /the definition has \d+ errors?/)
  assert.match(terminal.notes.join(''), /pve[12]\.yaml/)
  assert.equal(terminal.outs, [])
})

test('no changes are said plainly, in every form', async ({ lab }) => {
  assert.is(await differs(lab), 'no changes\n')
  assert.is(await differs(lab, { format: 'markdown' }), 'no changes\n')
  const document = JSON.parse(await differs(lab, { json: true })) as { changes: unknown }
  assertContract('changes', document)
  assert.equal(document.changes, [])
})

test('a line changed in the lab shows as the lines that it changes on the hosts', async ({ lab }) => {
  await change(lab, 'services/dnsmasq.yaml', 'lease: 48h', 'lease: 24h')
  const text = await differs(lab)
  assert.match(text, /^dns1 {2}\/etc\/dnsmasq\S* {2}\+1 −1/m)
  assert.match(text, /^ {2}-.*48h$/m)
  assert.match(text, /^ {2}\+.*24h$/m)
  assertContract('changes', JSON.parse(await differs(lab, { format: 'json' })))
})

test('what was merged and is not deployed is told, where nobody names a base', async ({ lab, repository }) => {
  const deployed = repository.git('rev-parse', 'HEAD').trim()
  await change(lab, 'services/dnsmasq.yaml', 'lease: 48h', 'lease: 24h')
  await repository.commit({})
  const notes = async (base?: string) => {
    const terminal = paper()
    await diff({ lab, format: 'text', json: false, ...(base === undefined ? {} : { base }) }, terminal)
    await plan({ lab, format: 'text', json: false, ...(base === undefined ? {} : { base }) }, terminal)
    return terminal.notes.join('')
  }
  assert.not.match(await notes(), 'deployed')
  repository.git('update-ref', 'refs/quorate/deployed', deployed)
  const told = `1 commit of the base touches the lab and is not deployed: the hosts are at ${deployed.slice(0, 7)}`
  assert.is((await notes()).split(told).length, 3)
  assert.not.match(await notes('HEAD'), 'deployed')
})

test('code that changes with the lab is named: committed, not committed and new, in whatever folder quorate lies', async ({
  lab,
  repository,
}) => {
  const code = async () => (JSON.parse(await differs(lab, { json: true, base: 'HEAD' })) as { code: unknown }).code
  await repository.commit({ 'scripts/plan.ts': '1', '.github/workflows/ci.yml': 'on: push', 'docs/scripts.md': '1' })
  assert.equal(await code(), [])
  await repository.write({ 'scripts/plan.ts': '2', '.npmrc': 'registry=x', 'docs/scripts.md': '2' })
  await repository.write({ 'tools/renderers/motd/motd.njk': '', 'lab/known_hosts': '#', 'lab/scripts.yaml.txt': '1' })
  await rm(join(repository.folder, '.github'), { recursive: true })
  assert.equal(await code(), [
    '.github/workflows/ci.yml',
    '.npmrc',
    'lab/known_hosts',
    'scripts/plan.ts',
    'tools/renderers/motd/motd.njk',
  ])
})

test('what decides how a change is reviewed and deployed is code; the lab and what is written about it is none', () => {
  const paths = ['package.json', 'package-lock.json', 'npm-shrinkwrap.json', 'tsconfig.types.json', 'lab.schema.json']
  const deeper = [
    'node_modules/a/index.js',
    'x/renderers/y',
    '.ci/run',
    'lab/files/nodes/etc/motd.njk',
    '.github/actions/setup/action.yml',
  ]
  for (const path of [...paths, ...deeper]) assert.ok(isCode(path), path)
  for (const path of [
    'lab/lab.yaml',
    'README.md',
    'lab/secrets.yaml',
    'lab/files/nodes/etc/motd',
    'renderers',
    'my-package.json',
  ]) {
    assert.not.ok(isCode(path), path)
  }
})

test('errors in the base are told as such', async ({ lab, repository }) => {
  await change(lab, 'nodes/pve1.yaml', 'id: 1', 'id: 2')
  await repository.commit({})
  await change(lab, 'nodes/pve1.yaml', 'id: 2', 'id: 1')
  const terminal = paper()
  assert.is((await refused(diff({ lab, format: 'text', json: false }, terminal))).exit, 1)
  assert.match(terminal.notes.join(''), /^in the base revision:/)
})

test('a new ciphertext shows as a changed secret on the hosts that use it, and never in any output', async ({
  lab,
  repository,
}) => {
  const sealed = (data: string) => `keepalived:\n  services: ENC[AES256_GCM,data:${data},iv:aXY=,tag:dGFn,type:str]\n`
  await repository.commit({ 'lab/secrets.yaml': sealed('cG9pc29u') })
  await repository.write({ 'lab/secrets.yaml': sealed('cG9pc29uZWQ=') })
  const document = JSON.parse(await rendered(lab)) as { secrets: Record<string, { fingerprint: string }> }
  const id = Object.keys(document.secrets).find((name) => name.startsWith('keepalived')) ?? ''
  await repository.commit({ 'lab/secrets.yaml': sealed('cG9pc29u').replace('keepalived:\n  services', id) })
  await repository.write({ 'lab/secrets.yaml': sealed('cG9pc29uZWQ=').replace('keepalived:\n  services', id) })
  const text = await differs(lab)
  assert.match(text, /^pve1 pve2 pve3 .*same text/m)
  assert.match(text, new RegExp(`secret ${id} changed or was re-encrypted \\(value not shown\\)`))
  const out = join(repository.folder, 'out')
  await render({ lab, out, host: [], json: false }, paper())
  const all = [
    text,
    await differs(lab, { format: 'markdown' }),
    await differs(lab, { json: true }),
    await rendered(lab),
    await everything(out),
  ].join('\n')
  assert.not.match(all, /cG9pc29u|ENC\[/)
})

test('a secret in clear is refused, and not shown', async ({ lab, repository }) => {
  await repository.write({ 'lab/secrets.yaml': 'keepalived:\n  services: poison12\n' })
  const terminal = paper()
  const { message, exit } = await refused(render({ lab, host: [], json: true }, terminal))
  assert.is(exit, 1)
  assert.match(terminal.notes.join(''), /^lab\/secrets\.yaml:2:3 .*secret-in-clear/)
  assert.not.match(message + terminal.notes.join(''), /poison12/)
})

test.run()
