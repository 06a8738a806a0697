/** What a run prints and writes, and the secrets that it knows. */
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { discreet } from '../../scripts/discreet.ts'
import { leakIn, writtenTo } from '../../scripts/lib/deployment/leaks.ts'
import { attempted } from '../../scripts/quorate.ts'
import type { Terminal } from '../../scripts/terminal.ts'
import { witness } from '../../scripts/witness.ts'
import { stepFiles, tellOfLeak } from '../../scripts/workflow-step.ts'
import { top } from '../house/source-tree.ts'

const test = suite<{ folder: string }>('discretion')
test.before.each(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'quorate-test-'))
})
test.after.each(async ({ folder }) => rm(folder, { recursive: true, force: true }))

const known = [{ id: 'a.b', value: 'hunter2secret' }]

function paper() {
  const printed = { out: '', note: '' }
  const terminal: Terminal = {
    out: (text) => void (printed.out += text),
    note: (text) => void (printed.note += text),
    colour: true,
    columns: 77,
    live: true,
  }
  return { printed, terminal }
}

test('a discreet terminal shows nothing that it was told of, and is one for all who print on it', () => {
  const { printed, terminal } = paper()
  const quiet = discreet(terminal)
  assert.is(discreet(quiet), quiet)
  assert.equal([quiet.colour, quiet.columns, quiet.live], [true, 77, true])
  quiet.hide([{ id: 'first', value: 'another one' }])
  quiet.hide(known)
  quiet.out('a hunter2secret\n')
  quiet.note('b hunter2secret, another one\n')
  assert.equal(printed, { out: 'a ***\n', note: 'b ***, ***\n' })
})

test('a leak makes a run that went well fail, and one that failed fail for the leak', async () => {
  for (const verb of [async () => 0 as const, async () => Promise.reject(new Error('no'))]) {
    const { printed, terminal } = paper()
    let leaks = 0
    const around = {
      written: async () => [{ name: 'standard output', text: 'x\nhunter2secret' }],
      onLeak: () => void (leaks += 1),
    }
    const exit = await attempted(
      async (quiet) => {
        quiet.hide(known)
        return await verb()
      },
      terminal,
      around,
      false,
    )
    assert.equal([exit, leaks], [4, 1])
    assert.match(
      printed.note,
      /error: the secret "a\.b" is in what this run wrote\n {2}where standard output:2 \("a\.b"\)/,
    )
    assert.not.match(printed.note, /hunter2/)
  }
})

test('a run that knows no secret is not searched', async () => {
  const around = { written: () => assert.unreachable() as never, onLeak: () => {} }
  assert.is(await attempted(async () => 1, paper().terminal, around, false), 1)
})

test('files and folders are searched, whatever is in them; what is not there was not written', async ({ folder }) => {
  await writeFile(join(folder, 'binary'), Buffer.concat([Buffer.from([0xff, 0, 0xc3]), Buffer.from('\nhunter2secret')]))
  const written = await writtenTo([folder, join(folder, 'missing')])
  assert.match(leakIn(written, known)?.failure.where ?? '', `${join(folder, 'binary')}:2 ("a.b")`)
})

test('of many places the first ones are named, and the others counted', () => {
  const text = 'hunter2secret and other secrets\n'.repeat(15)
  const leak = leakIn([{ name: 'log', text }], [...known, { id: 'c', value: 'other secrets' }])
  assert.is(leak?.exit, 4)
  assert.match(leak?.message ?? '', /^2 secrets are in what this run wrote \(log:1 .*, and in 20 places more\)/)
})

test('what goes to a stream is remembered, by whomever, in pieces or as bytes; what is given to the runner is none', () => {
  const seen: unknown[] = []
  const stream = { write: (chunk: string | Uint8Array) => seen.push(chunk) > 0 }
  const written = witness({ 'standard output': stream })
  const [first, second] = [Buffer.from('hunter2é').subarray(0, 8), Buffer.from('é').subarray(1)]
  for (const chunk of [first, second, 'secret\n', '::add-mask::hunter2secret\n', 'end']) stream.write(chunk)
  assert.is(seen.length, 5)
  assert.equal(written(), [{ name: 'standard output', text: 'hunter2ésecret\n\nend' }])
})

test('a process watches its own streams', () => {
  const script =
    "import { main } from './scripts/quorate.ts'\nprocess.argv = ['node', 'quorate', '--version']\n" +
    'const before = [process.stdout.write, process.stderr.write]\nawait main()\n' +
    'if (before.includes(process.stdout.write) || before.includes(process.stderr.write)) process.exitCode = 9'
  const words = ['--import', 'tsx', '--input-type', 'module', '--eval', script]
  assert.is(spawnSync(process.execPath, words, { cwd: top, encoding: 'utf8' }).status, 0)
})

test('a step of a workflow has its summary and outputs searched, and tells the next steps of a leak', async ({
  folder,
}) => {
  const outputs = join(folder, 'outputs')
  await writeFile(outputs, 'commit=1\n')
  const variables = { GITHUB_STEP_SUMMARY: join(folder, 'summary'), GITHUB_OUTPUT: outputs, GITHUB_ENV: '' }
  assert.equal(stepFiles(variables), [join(folder, 'summary'), outputs])
  tellOfLeak(variables)
  assert.is(await readFile(outputs, 'utf8'), 'commit=1\nleak=true\n')
  tellOfLeak({})
})

test.run()
