import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { demo } from '../../scripts/demo.ts'
import { FailureError } from '../../scripts/lib/failure.ts'
import type { Terminal } from '../../scripts/terminal.ts'
import { assertContract } from '../contracts/contract.ts'

const test = suite<{ folder: string }>('demo')

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'quorate-demo-'))
})
test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }))

function terminal(): Terminal & { readonly printed: { out: string; note: string } } {
  const printed = { out: '', note: '' }
  return {
    printed,
    out: (text) => void (printed.out += text),
    note: (text) => void (printed.note += text),
    colour: false,
    columns: 120,
    live: false,
  }
}

test('goes as told: a change step by step, nothing left to do, and a mistake that takes itself back', async ({
  folder,
}) => {
  const screen = terminal()
  assert.is(await demo({ folder, json: true }, screen), 0, screen.printed.note)
  const document = JSON.parse(screen.printed.out) as {
    outcomes: Record<
      'first' | 'change' | 'again' | 'mistake',
      { exit: number; rollout: string | null; steps: unknown[]; hosts: Record<string, { outcome: string }> }
    >
  }
  assertContract('demo', document)
  const { first, change, again, mistake } = document.outcomes
  const ends = (run: { hosts: Record<string, { outcome: string }> }) =>
    Object.values(run.hosts).map(({ outcome }) => outcome)
  assert.is(first.exit, 0)
  assert.equal(ends(change), ['applied', 'applied', 'applied', 'applied', 'applied'])
  assert.equal([again.steps.length, ...ends(again)], [0, ...Array.from({ length: 5 }, () => 'unchanged')])
  const planned = JSON.parse(readFileSync(join(folder, 'plan.json'), 'utf8')) as { rollout: { digest: string } }
  assert.is(change.rollout, planned.rollout.digest, 'the rollout that was reviewed is the one that was carried out')
  assert.is(mistake.exit, 3)
  assert.equal(ends(mistake), ['unchanged', 'unchanged', 'unchanged', 'reverted', 'unchanged'])
})

test('leaves the bundles, the plan, the report and the hosts for whoever looks around, and no private key in the report', async ({
  folder,
}) => {
  const screen = terminal()
  assert.is(await demo({ folder, json: false }, screen), 0)
  assert.equal(readdirSync(folder).toSorted(), ['.quorate-demo', 'bundles', 'hosts', 'lab', 'plan.json', 'report.txt'])
  assertContract('rollout', JSON.parse(readFileSync(join(folder, 'plan.json'), 'utf8')))
  const report = readFileSync(join(folder, 'report.txt'), 'utf8')
  assert.is(report, screen.printed.out)
  assert.match(report, 'One bad change')
  for (const text of [report, readFileSync(join(folder, 'bundles/pve1/etc/tinc/cluster/rsa_key.priv'), 'utf8')]) {
    assert.not.match(text, 'PRIVATE KEY')
  }
})

test('a folder that holds anything else is refused, and nothing in it is touched', async ({ folder }) => {
  writeFileSync(join(folder, 'thesis.txt'), 'years of work\n')
  try {
    await demo({ folder, json: false }, terminal())
    assert.unreachable('it was emptied')
  } catch (error) {
    assert.instance(error, FailureError)
    assert.is((error as FailureError).exit, 2)
  }
  assert.ok(existsSync(join(folder, 'thesis.txt')))
  assert.equal(readdirSync(folder), ['thesis.txt'])
})

test.run()
