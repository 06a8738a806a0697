import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTwoFilesPatch } from 'diff'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { renderers } from '../../renderers/index.ts'
import { define } from '../../scripts/lib/definition/definition.ts'
import { reportProblems } from '../../scripts/lib/definition/report.ts'
import { packageRoot } from '../../scripts/lib/roots.ts'
import { brokenLabs, brokenSources, expectedFile } from './broken-lab.ts'

const update = process.env['QUORATE_UPDATE_GOLDENS'] === '1'

async function reportOf(name: string): Promise<string> {
  return reportProblems(define(await brokenSources(name), 'lab', renderers), { colour: false })
}

for (const name of brokenLabs) {
  test(`${name.replaceAll('-', ' ')}: the report is the one that is kept`, async () => {
    const report = await reportOf(name)
    if (update) writeFileSync(expectedFile(name), report)
    const expected = readFileSync(expectedFile(name), 'utf8')
    assert.is(report, expected, createTwoFilesPatch('expected.txt', 'report', expected, report))
  })
}

test('every rule of the definition has a broken lab that breaks it', async () => {
  const reports = await Promise.all(brokenLabs.map(reportOf))
  const broken = new Set(
    reports.flatMap((report) =>
      [...report.matchAll(/^\S+:\d+:\d+ {2}(?:error|warning) {2}(\S+)$/gm)].map(([, rule]) => rule),
    ),
  )
  // Those of source.ts are broken in source.test.ts: most of them cannot be kept in git. Passwords are measured when the lab is rendered.
  const isElsewhere = (rule: string) => rule.startsWith('file-') || rule === 'password-too-long'
  const unbroken = rulesInCode().filter((rule) => !broken.has(rule) && !isElsewhere(rule))
  assert.equal(unbroken, [])
})

function rulesInCode(): readonly string[] {
  const folder = join(packageRoot, 'scripts', 'lib', 'definition')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  const code = files.map((file) => readFileSync(join(folder, file), 'utf8')).join('\n')
  const named = code.matchAll(/(?:mistake|mistakenKey|say)\(\s*'([a-z-]+)'|\brule: '([a-z-]+)'/g)
  return [...new Set([...named].map(([, said, kept]) => said ?? kept!))].toSorted()
}

test.run()
