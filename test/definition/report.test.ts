import { stripVTControlCharacters } from 'node:util'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Problem } from '../../scripts/lib/definition/problem.ts'
import { excerptOf } from '../../scripts/lib/definition/excerpt.ts'
import { reportProblems } from '../../scripts/lib/definition/report.ts'

const line = '  cluster: 10.0.2.12'
const problem: Problem = {
  severity: 'error',
  rule: 'address-outside-network',
  file: 'lab/nodes/pve2.yaml',
  line: 7,
  column: 12,
  length: 9,
  excerpt: line,
  message: '10.0.2.12 is not in network "cluster" (10.0.0.0/24)',
  help: 'take a free address, e.g. 10.0.0.14',
}

test('a problem shows its line, what is wrong and what to do', () => {
  assert.is(
    reportProblems({ problems: [problem], files: 14 }, { colour: false }),
    [
      'lab/nodes/pve2.yaml:7:12  error  address-outside-network',
      '  7 │   cluster: 10.0.2.12',
      '                 ^^^^^^^^^',
      '  10.0.2.12 is not in network "cluster" (10.0.0.0/24)',
      '  help: take a free address, e.g. 10.0.0.14',
      '',
      '1 error in 14 files',
      '',
    ].join('\n'),
  )
})

test('it ends with what there is of each kind', () => {
  const warning: Problem = { ...problem, severity: 'warning' }
  const last = (problems: readonly Problem[], files: number) =>
    reportProblems({ problems, files }, { colour: false }).trimEnd().split('\n').at(-1)
  assert.is(last([problem, problem, warning], 14), '2 errors, 1 warning in 14 files')
  assert.is(last([warning, warning], 1), '2 warnings in 1 file')
})

test('nothing is said where there is nothing to say', () => {
  assert.is(reportProblems({ problems: [], files: 14 }, { colour: true }), '')
})

test('colour changes nothing but the colour', () => {
  const coloured = reportProblems({ problems: [problem], files: 1 }, { colour: true })
  assert.match(coloured, '\u001b[31merror')
  assert.is(stripVTControlCharacters(coloured), reportProblems({ problems: [problem], files: 1 }, { colour: false }))
})

test('carets stand below the value, however long its line is', () => {
  for (const before of [0, 1, 79, 80, 81, 200, 5000]) {
    const long = `${'x'.repeat(before)}VALUE${'y'.repeat(300)}`
    const column = before + 1
    const report = reportProblems(
      { problems: [{ ...problem, column, length: 5, excerpt: excerptOf(long, column) }], files: 1 },
      { colour: false },
    )
    const [, shown = '', carets = ''] = report.split('\n')
    assert.is(shown.slice(carets.indexOf('^'), carets.lastIndexOf('^') + 1), 'VALUE', `${before}`)
    assert.ok(shown.length <= 127)
  }
})

test('a line that moves the cursor or turns the direction does neither', () => {
  const excerpt = excerptOf('a\u001b[2J\u202eb\u2028c\td', 1)
  assert.is(excerpt, 'a\uFFFD[2J\uFFFDb\uFFFDc d')
})

test.run()
