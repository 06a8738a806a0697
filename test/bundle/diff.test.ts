import { applyPatch } from 'diff'
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { File, Text } from '../../renderers/renderer.ts'
import { compare } from '../../scripts/lib/bundle/compare.ts'
import { diffChanges, type FileDiff } from '../../scripts/lib/bundle/diff.ts'
import { emptyRendering, renderLab } from '../../scripts/lib/bundle/render.ts'
import type { Rendering } from '../../scripts/lib/bundle/rendering.ts'
import { shownText } from '../../scripts/lib/bundle/text.ts'
import { assertContract } from '../contracts/contract.ts'
import { file, host, lab, part, toy } from './sample.ts'

const hole = { secret: 'toy.key', kind: 'rsa-key-pair', half: 'private' } as const

function rendering(
  hosts: readonly string[],
  fileOf: (host: string) => File,
  fingerprints: Record<string, string> = {},
  id = 'toy',
): Rendering {
  return renderLab(lab(hosts.map((name) => host(name))), [toy((name) => [part(id, [fileOf(name)])])], fingerprints)
    .rendering
}

function between(before: Rendering, after: Rendering): readonly FileDiff[] {
  return diffChanges(before, after, compare(before, after))
}

function single(before: Text, after: Text): FileDiff {
  const [diff] = between(
    rendering(['n1'], () => file('/a', before)),
    rendering(['n1'], () => file('/a', after)),
  )
  if (diff === undefined) throw new Error('no difference')
  return diff
}

test('the hunks, applied to the one text, give the other; the counts are those of its lines', () => {
  const lines = fc.array(fc.constantFrom('a', 'b', '- c', '+ d', '@@ x', ''), { maxLength: 30 })
  fc.assert(
    fc.property(lines, lines, fc.boolean(), (left, right, withEnd) => {
      const before = `start\n${left.join('\n')}\n`
      const after = `start\n${right.join('\n')}${withEnd ? '\n' : ''}.`
      const diff = single([before], [after])
      assert.is(applyPatch(before, `--- a\n+++ b\n${diff.hunks}`), after)
      assert.is(
        diff.added - diff.removed,
        after.replace(/\n$/, '').split('\n').length - before.replace(/\n$/, '').split('\n').length,
      )
    }),
  )
})

test('the same difference on several hosts is told once, with the hosts in order', () => {
  const before = rendering(['n1', 'n2', 'n10'], () => file('/a', ['1\n']))
  const after = rendering(['n1', 'n2', 'n10'], (name) => file('/a', [name === 'n2' ? '3\n' : '2\n']))
  assert.equal(
    between(before, after).map(({ hosts }) => hosts),
    [['n1', 'n10'], ['n2']],
  )
})

test('hosts with different files share a difference when the lines that change, and those around, are the same', () => {
  const text = (name: string, last: string) => [`# ${name}\n${'same\n'.repeat(5)}${last}\n`]
  const before = rendering(['n1', 'n2'], (name) => file('/a', text(name, 'old')))
  const after = rendering(['n1', 'n2'], (name) => file('/a', text(name, 'new')))
  assert.equal(
    between(before, after).map(({ hosts, added, removed }) => [hosts, added, removed]),
    [[['n1', 'n2'], 1, 1]],
  )
})

test('where only the lines around the change differ, the hosts share the change without them', () => {
  const before = rendering(['n1', 'n2'], (name) => file('/a', [`# ${name}\nold\n`]))
  const after = rendering(['n1', 'n2'], (name) => file('/a', [`# ${name}\nnew\n`]))
  assert.equal(
    between(before, after).map(({ hosts, hunks }) => [hosts, hunks]),
    [[['n1', 'n2'], '@@ -2,1 +2,1 @@\n-old\n+new\n']],
  )
})

test('a new and a removed file show all their lines, however many', () => {
  const long = rendering(['n1'], () => file('/a', ['line\n'.repeat(10_000)]))
  const [young] = between(emptyRendering('sample'), long)
  assert.equal([young?.kind, young?.added, young?.removed], ['new', 10_000, 0])
  const [old] = between(long, emptyRendering('sample'))
  assert.equal([old?.kind, old?.added, old?.removed], ['removed', 0, 10_000])
})

test('texts too different to be matched are counted, not shown, and soon', () => {
  const many = (word: string) => [Array.from({ length: 20_000 }, (_, index) => `${word}${index}\n`).join('')]
  const diff = single(many('a'), many('b'))
  assert.equal([diff.hunks, diff.added, diff.removed], [null, 20_000, 20_000])
})

test('holes show as what belongs there', () => {
  const diff = single(
    ['old\n'],
    ['password ', { secret: 'toy', kind: 'text', half: 'whole' }, '\nversion ', { serial: 'toy' }, '\n', hole],
  )
  assert.match(diff.hunks ?? '', /^\+password <secret toy>$/m)
  assert.match(diff.hunks ?? '', /^\+version <serial>$/m)
  assert.match(diff.hunks ?? '', /^\+<secret toy\.key \(private\)>$/m)
})

test('what differs besides the text is noted', () => {
  const before = rendering(['n1'], () => file('/a', ['x\n', hole]), { 'toy.key': 'f00d' }, 'toy.old')
  const after = rendering(
    ['n1'],
    () => file('/a', ['x\n', hole], { mode: '0600', owner: 'root:adm' }),
    { 'toy.key': 'beef' },
    'toy.new',
  )
  const [diff] = between(before, after)
  assert.is(diff?.hunks, '')
  assert.equal(diff?.notes, [
    'passes from toy.old to toy.new',
    'mode 0644 → 0600',
    'owner root:root → root:adm',
    'secret toy.key changed or was re-encrypted (value not shown)',
  ])
})

test('a secret that gets its first value, or loses it, says so', () => {
  const unset = rendering(['n1'], () => file('/a', [hole]))
  const set = rendering(['n1'], () => file('/a', [hole]), { 'toy.key': 'f00d' })
  assert.equal(between(unset, set)[0]?.notes, ['secret toy.key has a value now (not shown)'])
  assert.equal(between(set, unset)[0]?.notes, ['secret toy.key has no value any more'])
})

test('a content that is not known here, as on a host that only reports digests, is no empty file', () => {
  const before = { ...rendering(['n1'], () => file('/a', ['1\n'])), contents: {} }
  const after = rendering(['n1'], () => file('/a', ['1\n2\n']))
  assert.equal(between(before, after)[0]?.hunks, null)
})

test('the document keeps its contract', () => {
  const before = rendering(['n1', 'n2'], () => file('/a', ['1\n']))
  const after = rendering(['n1'], () => file('/a', ['2\n']))
  const changes = compare(before, after)
  const diffs = diffChanges(before, after, changes)
  const document = {
    format: 1,
    lab: 'sample',
    base: { commit: null, note: 'why' },
    code: [],
    changes,
    diffs,
    sinceDeployed: null,
  }
  assertContract('changes', document)
  assert.throws(() => assertContract('changes', { ...document, diffs: [{ ...diffs[0], kind: 'moved' }] }))
})

test('the shown text has every hole', () => assert.is(shownText([hole, '\n']), '<secret toy.key (private)>\n'))

test.run()
