import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { renderers } from '../../renderers/index.ts'
import { define } from '../../scripts/lib/definition/definition.ts'
import type { Problem } from '../../scripts/lib/definition/problem.ts'
import type { Source } from '../../scripts/lib/definition/source.ts'
import { brokenLabs, brokenSources } from './broken-lab.ts'

/** The remedies that name no word to write: what a person does with them. */
const byHand: Readonly<Record<string, string>> = {
  'gateway-outside-subnet': '192.0.2.1',
  'priority-taken': '230',
}

/** Does what the help says to the line that the problem names. */
function remedied(sources: readonly Source[], problem: Problem): readonly Source[] {
  const path = problem.file.replace('lab/', '')
  return sources.map((source) => (source.path === path ? { path, text: mended(source.text, problem) } : source))
}

function mended(text: string, { line, column, length, help, rule }: Problem): string {
  const lines = text.split('\n')
  const old = lines[line - 1]!
  if (rule === 'yaml-duplicate-key') return lines.toSpliced(line - 1, 1).join('\n')
  const word = /did you mean "([^"]+)"|e\.g\. (\S+)/.exec(help)
  const wanted = word?.[1] ?? word?.[2] ?? byHand[rule]
  assert.ok(wanted, `nothing to write in: ${help}`)
  return lines.with(line - 1, old.slice(0, column - 1) + wanted + old.slice(column - 1 + length)).join('\n')
}

const problemsOf = (sources: readonly Source[]) => define(sources, 'lab', renderers).problems

test('ten mistakes in ten files are ten problems at once, one per file', async () => {
  const problems = problemsOf(await brokenSources('ten-mistakes'))
  assert.is(problems.length, 10)
  assert.is(new Set(problems.map(({ file }) => file)).size, 10)
})

test('each remedy of the ten takes its problem away and brings no other', async () => {
  const sources = await brokenSources('ten-mistakes')
  const problems = problemsOf(sources)
  for (const problem of problems) {
    const left = problemsOf(remedied(sources, problem))
    assert.equal(
      left.map(({ rule, file }) => `${file} ${rule}`),
      problems.filter((other) => other !== problem).map(({ rule, file }) => `${file} ${rule}`),
    )
  }
})

test('all ten remedies together leave a lab without problems', async () => {
  const sources = await brokenSources('ten-mistakes')
  const whole = problemsOf(sources).reduce(remedied, sources)
  const definition = define(whole, 'lab', renderers)
  assert.equal(definition.problems, [])
  assert.is(definition.lab?.hosts['pve1']?.id, 1)
})

test('in every broken lab, a word that the help offers is one that works', async () => {
  let tried = 0
  for (const name of brokenLabs) {
    const sources = await brokenSources(name)
    const before = problemsOf(sources)
    for (const problem of before.filter(({ help }) => /did you mean "|e\.g\. /.test(help))) {
      const after = problemsOf(remedied(sources, problem))
      const same = after.filter((other) => other.file === problem.file && other.line === problem.line)
      assert.equal(
        same.filter(({ rule, column }) => rule === problem.rule && column === problem.column),
        [],
        name,
      )
      tried++
    }
  }
  assert.ok(tried > 20, `only ${tried} were tried`)
})

test.run()
