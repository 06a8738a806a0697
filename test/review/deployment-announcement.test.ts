import { readFile, writeFile } from 'node:fs/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Outcome } from '../../scripts/lib/deployment/outcome.ts'
import { mostCharacters } from '../../scripts/lib/review/comment.ts'
import {
  closingText,
  deploymentBody,
  deploymentSummary,
  deploymentTitle,
  statusText,
} from '../../scripts/lib/review/deployment-announcement.ts'
import { endOf, isWell } from '../../scripts/lib/review/deployment-end.ts'
import { reverts } from '../../scripts/lib/review/revert-branch.ts'
import { stateOf } from '../../scripts/lib/review/outcome-markdown.ts'
import { assertContract } from '../contracts/contract.ts'
import { around, commit, endings } from './endings.ts'
import { assertWhole } from './markdown-rules.ts'

for (const [name, ending] of Object.entries(endings)) {
  test(`what is told of a deployment: ${name}`, async () => {
    const summary = deploymentSummary(ending, around)
    assertWhole(summary, mostCharacters)
    assertWhole(deploymentBody(ending, around, null), mostCharacters)
    assert.not.match(deploymentTitle(ending) + closingText(ending), /evil|someone|\n./)
    assert.ok(statusText(endOf(ending)).length <= 140)
    const file = new URL(`deployment-${name}.md.txt`, import.meta.url)
    if (process.env['QUORATE_UPDATE_GOLDENS'] === '1') await writeFile(file, summary)
    assert.fixture(summary, await readFile(file, 'utf8'))
  })
}

test('what is announced keeps the contract of what deploy prints', () => {
  const outcomes = Object.values(endings).flatMap(({ outcome }) => outcome ?? [])
  for (const outcome of outcomes) assertContract('outcome', outcome)
})

test('only a deployment that says that all is well counts as well', () => {
  const kinds = Object.entries(endings).map(([name, ending]) => [name, endOf(ending).kind, isWell(endOf(ending))])
  assert.equal(kinds, [
    ['applied', 'deployed', true],
    ['nothing', 'nothing', true],
    ['reverted', 'reverted', false],
    ['person', 'person', false],
    ['held', 'held', false],
    ['broke-off', 'unknown', false],
    ['untouched', 'untouched', false],
    ['hostile', 'held', false],
  ])
  for (const exit of ['0', '3', '4', '5', '130', '', null]) {
    assert.is(endOf({ outcome: null, commit, exit }).kind, 'unknown', 'an exit code alone says nothing of hosts')
  }
})

test('each host is wholly old, wholly new, between, or needs a person', () => {
  const begun = [{ id: 1, outcome: 'unknown', detail: '' }] as const
  const says = (host: Parameters<typeof stateOf>[0]) => stateOf(host, begun)
  assert.match(says({ outcome: 'applied', detail: '' }), 'wholly new')
  assert.match(says({ outcome: 'applied', detail: '', notBegun: [2] }), 'between')
  assert.match(says({ outcome: 'reverted', detail: '', notBegun: [2] }), 'wholly old')
  assert.match(says({ outcome: 'unchanged', detail: '', notBegun: [2] }), 'wholly old')
  assert.match(says({ outcome: 'unchanged', detail: '' }), 'as wanted')
  assert.match(says({ outcome: 'unknown', detail: '' }), 'a person has to look')
  assert.match(stateOf({ outcome: 'unknown', detail: '' }, []), 'nothing was written')
})

test('with 2,000 hosts it stays within what GitHub takes, and those that need a person are on top', () => {
  const { outcome } = endings['person']!
  const names = Array.from({ length: 2000 }, (_, index) => `host${index}`)
  const hosts: Outcome['hosts'] = Object.fromEntries(
    names.map((name) => [name, { outcome: name === 'host1999' ? 'unknown' : 'applied', detail: 'step 1 confirmed' }]),
  )
  const steps = names.map((_, index) => ({ id: index + 1, outcome: 'confirmed' as const, detail: 'confirmed' }))
  const many = deploymentBody({ ...endings['person']!, outcome: { ...outcome!, hosts, steps } }, around, null)
  assert.ok(many.length < mostCharacters)
  assert.match(many, /\| --- \| --- \| --- \|\n\| `host1999` \| ❌/)
  assert.match(many, /… and 1,\d{3} more hosts: in the artifact/)
  assert.match(many, /… and 1,\d{3} more steps: in the artifact/)
})

test('the branch that takes it back is named as far as it is there', () => {
  const words = reverts.map((revert) => deploymentSummary(endings['reverted']!, { ...around, revert }))
  assert.equal(
    words.map((text) => /quorate\/revert-9e8d7c600000/.test(text)),
    [true, true, false, false],
  )
  assert.match(words[1] ?? '', 'conflicts with what was merged since')
  assert.match(words[2] ?? '', 'git revert 9e8d7c6')
})

test.run()
