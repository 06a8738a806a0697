import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { plan, type PlanOptions } from '../../scripts/plan.ts'
import { temporaryRepository, type TemporaryRepository } from '../bundle/temporary-repository.ts'
import { assertContract } from '../contracts/contract.ts'

const exampleLab = fileURLToPath(new URL('../../lab', import.meta.url))

const test = suite<{ repository: TemporaryRepository }>('plan')
test.before.each(async (context) => {
  context.repository = await temporaryRepository()
  await cp(exampleLab, join(context.repository.folder, 'lab'), { recursive: true })
  await context.repository.commit({ '.gitignore': 'node_modules/\n' })
})
test.after.each(async ({ repository }) => repository.remove())

async function printed(repository: TemporaryRepository, options: Partial<PlanOptions> = {}) {
  const outs: string[] = []
  const notes: string[] = []
  const terminal = {
    out: (text: string) => void outs.push(text),
    note: (text: string) => void notes.push(text),
    colour: false,
    columns: 120,
    live: false,
  }
  const lab = join(repository.folder, 'lab')
  const exit = await plan({ lab, format: 'text', json: false, ...options }, terminal)
  return { exit, out: outs.join(''), note: notes.join('') }
}

async function change(repository: TemporaryRepository, path: string, from: string, to: string): Promise<void> {
  const text = await repository.read(path)
  assert.ok(text.includes(from))
  await repository.write({ [path]: text.replace(from, to) })
}

test('a lab as committed has nothing to roll out', async ({ repository }) => {
  const { exit, out } = await printed(repository)
  assert.is(exit, 0)
  assert.is(out, 'nothing to roll out: no file changes on any host\n')
})

test('a change in the working tree is planned against the base, one node at a time', async ({ repository }) => {
  await change(repository, 'lab/networks.yaml', 'mtu: 1400', 'mtu: 1380')
  const { exit, out } = await printed(repository)
  assert.is(exit, 0)
  assert.match(out, /^rollout [0-9a-f]{8} {3}[0-9a-f]{7} → [0-9a-f]{7} \+ uncommitted/)
  assert.match(out, /3 → 2 {3}margin 0/)
})

test('the document keeps its contract, with a rollout and without one', async ({ repository }) => {
  await change(repository, 'lab/networks.yaml', 'mtu: 1400', 'mtu: 1380')
  const safe = await printed(repository, { json: true })
  assertContract('rollout', JSON.parse(safe.out))
  await change(repository, 'lab/services/tinc.yaml', 'port: 655', 'port: 700')
  const refused = await printed(repository, { format: 'json' })
  assert.is(refused.exit, 4)
  assertContract('rollout', JSON.parse(refused.out))
})

test('the diagram is one, and a refusal in its place is text', async ({ repository }) => {
  await change(repository, 'lab/networks.yaml', 'mtu: 1400', 'mtu: 1380')
  assert.match((await printed(repository, { format: 'mermaid' })).out, /^flowchart LR\n/)
  await change(repository, 'lab/services/tinc.yaml', 'port: 655', 'port: 700')
  assert.match((await printed(repository, { format: 'mermaid' })).out, /^not safe: /)
})

test('against a base that has no lab everything is planned, and why is said', async ({ repository }) => {
  const tree = repository.git('hash-object', '-t', 'tree', '-w', '/dev/null').trim()
  const base = repository.git('commit-tree', tree, '-m', 'empty').trim()
  const { exit, out, note } = await printed(repository, { base })
  assert.is(exit, 0)
  assert.match(note, /has no lab\/: compared with nothing/)
  assert.match(out, /5 hosts, \d+ files/)
})

test.run()
