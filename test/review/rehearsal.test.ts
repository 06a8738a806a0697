import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { rehearsalMarkdown } from '../../scripts/lib/review/rehearsal-markdown.ts'
import { rehearsalText } from '../../scripts/lib/review/rehearsal-text.ts'
import { assertContract } from '../contracts/contract.ts'
import { top } from '../house/source-tree.ts'
import { broken, sound } from './rehearsal-reports.ts'

for (const [name, report] of Object.entries({ sound, broken })) {
  test(`a ${name} rehearsal, for a person and for a pull request`, async () => {
    assertContract('rehearsal', report)
    await golden(`rehearsal-${name}.txt`, rehearsalText(report, 100))
    await golden(`rehearsal-${name}.md.txt`, rehearsalMarkdown(report))
  })
}

async function golden(name: string, text: string): Promise<void> {
  const file = join(top, 'test/review', name)
  if (process.env['QUORATE_UPDATE_GOLDENS'] === '1') await writeFile(file, text)
  assert.fixture(text, await readFile(file, 'utf8'))
}

test.run()
