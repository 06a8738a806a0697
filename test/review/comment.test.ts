import { readFile, writeFile } from 'node:fs/promises'
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { FileDiff } from '../../scripts/lib/bundle/diff.ts'
import { commentBody, mostCharacters, type Review } from '../../scripts/lib/review/comment.ts'
import { rendering } from '../rollout/sketch.ts'
import { assertWhole as assertMarkdown } from './markdown-rules.ts'
import { broken } from './rehearsal-reports.ts'
import { head, nasty, nothingKnown, problem, reviewOf, reviews } from './reviews.ts'

/** Without what changes with every letter of the configuration. */
function undigested(text: string): string {
  return text
    .replace(/^(#### Rollout) `[0-9a-f]{8}`/m, '$1 `DIGEST`')
    .replace(/^<!-- [0-9a-f]{64} since/m, '<!-- STATE since')
}

/** Everything that has to hold of any body. */
function assertWhole(body: string): void {
  assertMarkdown(body, mostCharacters)
}

for (const [name, make] of Object.entries(reviews)) {
  test(`the comment on a pull request: ${name}`, async () => {
    const body = commentBody(await make(), null)
    assertWhole(body)
    await assertGolden(name, body)
  })
}

async function assertGolden(name: string, body: string): Promise<void> {
  const file = new URL(`comment-${name}.md.txt`, import.meta.url)
  if (process.env['QUORATE_UPDATE_GOLDENS'] === '1') await writeFile(file, undigested(body))
  assert.fixture(undigested(body), await readFile(file, 'utf8'))
}

const anyText = fc.oneof(
  fc.constantFrom(...nasty, '', ' '),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.nat({ max: 5 }).map((size) => nasty.join(' ').repeat(size * 4)),
)

const anyDiff: fc.Arbitrary<FileDiff> = fc.record({
  hosts: fc.array(anyText, { minLength: 1, maxLength: 40 }),
  path: anyText,
  service: anyText,
  part: anyText,
  kind: fc.constantFrom('new', 'changed', 'removed'),
  added: fc.nat(),
  removed: fc.nat(),
  hunks: fc.option(
    fc.array(anyText, { maxLength: 60 }).map((lines) => `${lines.map((line) => `+${line}`).join('\n')}\n`),
  ),
  notes: fc.array(
    anyText.map((text) => `secret ${text}`),
    { maxLength: 12 },
  ),
})

const anyReview: fc.Arbitrary<Review> = fc
  .record({
    lab: fc.option(anyText),
    code: fc.array(anyText, { maxLength: 60 }),
    problems: fc.array(fc.record({ message: anyText, file: anyText, help: anyText, rule: anyText }), { maxLength: 60 }),
    diffs: fc.array(anyDiff, { maxLength: 30 }),
    subjects: fc.array(anyText, { maxLength: 20 }),
    sentences: fc.array(anyText, { maxLength: 60 }),
    severity: fc.constantFrom<('error' | 'warning')[]>('error', 'warning'),
    isRefused: fc.boolean(),
    interrupts: fc.array(anyText, { maxLength: 30 }),
  })
  .map(({ lab, code, problems, diffs, subjects, sentences, severity, isRefused, interrupts }): Review => {
    const ahead = subjects.map((subject) => ({ commit: subject, subject }))
    const step = {
      part: subjects[0] ?? 'p',
      affects: [],
      gate: [],
      missing: [],
      whole: [],
      completes: [],
      maxSeconds: 1,
    }
    const waves = diffs.map(({ hosts, path, kind }, index) => [
      {
        ...step,
        id: index + 1,
        service: 's',
        layer: 3 as const,
        interrupts,
        ways: [],
        because: sentences,
        groups: interrupts.map((group) => ({
          group,
          kind: 'quorum' as const,
          before: 3,
          during: 2,
          needs: 2,
          margin: 0,
        })),
        writes: hosts.map((host) => ({
          host,
          changes: [
            {
              host,
              path,
              kind,
              service: 's',
              part: 'p',
              before: null,
              after: null,
              contentBefore: null,
              contentAfter: null,
            },
          ],
          acts: [{ run: sentences }],
        })),
      },
    ])
    const refusals = diffs.map(({ hosts, part }) => ({
      group: null,
      service: part,
      part,
      host: hosts[0] ?? '',
      why: sentences.join(' '),
      waysOut: sentences,
    }))
    return {
      ...nothingKnown,
      lab,
      code,
      problems: problems.map((over) => problem({ severity, ...over })),
      changes: {
        base: subjects[0] ?? null,
        changes: [],
        diffs,
        sinceDeployed: { deployed: 'd'.repeat(40), ahead, behind: [] },
      },
      plan: isRefused
        ? { kind: 'refused', refusals }
        : { kind: 'rollout', rollout: { format: 1, digest: 'f'.repeat(64), lab: 'x', waves } },
      rehearsal: { ...broken, violations: sentences, notRehearsed: sentences },
    }
  })

test('whatever a review holds, the comment is short enough, its fences, tables and clicks are closed, and it calls nobody', () => {
  fc.assert(
    fc.property(anyReview, (review) => assertWhole(commentBody(review, null))),
    { numRuns: 40 },
  )
})

test('a change of two thousand hosts fits: hosts are counted, and what is left out is named, counted and linked', () => {
  const names = Array.from({ length: 2000 }, (_, index) => `host${String(index).padStart(4, '0')}`)
  const side = (version: string) => ({
    ...rendering(
      names.flatMap((host, index) => [
        { host, part: 'motd', files: { '/etc/motd': version } },
        { host, part: 'own', files: { [`/etc/own-${index}`]: `${version} ${index}` } },
      ]),
    ),
    contents: Object.fromEntries([
      [version, [`${version}\n`]],
      ...names.map((_, index) => [`${version} ${index}`, [`${version} ${'x'.repeat(200)} ${index}\n`]]),
    ]) as Record<string, readonly string[]>,
  })
  const body = commentBody(reviewOf(side('old'), side('new')), null)
  assertWhole(body)
  assert.match(body, /^### ✅ 4000 files on 2000 hosts: 4000 changed, in 4000 steps, safe/m)
  assert.match(body, /`host0023`\*\* and 1,976 more hosts &nbsp; `\/etc\/motd` \+1 −1/)
  assert.match(
    body,
    /… and 1,\d{3} more files on 1,\d{3} hosts: in the \[artifact\]\(https:\/\/github\.example\/o\/r\/actions\/runs\/7\)/,
  )
  assert.match(body, /… and 1,\d{3} more rows: 4000 steps in all in the \[artifact\]/)
})

test('a very long line and a very long difference are shortened, and say so', () => {
  const diff: FileDiff = {
    hosts: ['a'],
    path: '/etc/long',
    service: 's',
    part: 'p',
    kind: 'new',
    added: 900,
    removed: 0,
    hunks: `@@ -0,0 +1,900 @@\n+${'𝒳'.repeat(50_000)}\n${'+short\n'.repeat(899)}`,
    notes: [],
  }
  const changes = { base: null, changes: [], diffs: [diff], sinceDeployed: null }
  const body = commentBody({ ...nothingKnown, lab: 'a', problems: [], changes }, null)
  assertWhole(body)
  assert.match(body, '… and 99,702 more characters')
  assert.match(body, /<details><summary>\d+ lines<\/summary>\n\n```diff\n@@ -0,0/)
  assert.match(body, /… and \d+ more lines: in the \[artifact\]/)
})

test('the riskiest change comes first: votes, then the way in, then what is away, then the layer', async () => {
  const body = commentBody(await reviews['smaller-packets']!(), null)
  const changes = body.slice(body.indexOf('#### Changes'))
  const warned = changes.split('\n').filter((line) => line.startsWith('**`'))
  const order = warned.map((line) => (line.includes('⚠️') ? 'risky' : 'quiet'))
  assert.ok(order.includes('risky'))
  assert.equal(order, order.toSorted().toReversed())
})

test('what the rehearsal found against the rollout is there without a click', async () => {
  const body = commentBody(await reviews['password']!(), null)
  const [above = '', inside] = body.slice(body.indexOf('#### Rehearsal')).split('<details>')
  assert.match(above, 'not whole again after pve1 was killed')
  assert.not.match(inside ?? '', 'not whole again after')
})

test('a later push that changes nothing on the hosts is told so in the verdict, and says since when', async () => {
  const first = await reviews['smaller-packets']!()
  const body = commentBody(first, null)
  const second = '7'.repeat(40)
  const third = '8'.repeat(40)
  const again = commentBody({ ...first, head: second }, body)
  const same = /^### .*the same for the hosts as `9e8d7c6`: what was pushed since changes nothing on them$/m
  assert.not.match(body, same)
  assert.match(again, same)
  await assertGolden('pushed-again', again)
  assert.match(commentBody({ ...first, head: third }, again), same, 'and so on')
  assert.is(commentBody({ ...first, head: second }, again), again, 'the same run again says the same')
  assert.is(commentBody({ ...first, head }, body), body)
  const code = ['scripts/deploy.ts']
  assert.not.match(commentBody({ ...first, code, head: second }, body), same, 'code is not known to do the same')
  const other = await reviews['password']!()
  assert.not.match(commentBody({ ...other, head: second }, body), same)
})

test.run()
