import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { stripVTControlCharacters } from 'node:util'
import type { FileDiff } from '../../scripts/lib/bundle/diff.ts'
import { changesMarkdown } from '../../scripts/lib/review/changes-markdown.ts'
import { changesText } from '../../scripts/lib/review/changes-text.ts'
import { visible } from '../../scripts/lib/review/visible.ts'

function diff(over: Partial<FileDiff> = {}): FileDiff {
  const hunks = '@@ -1,2 +1,2 @@\n same\n-old\n+new\n'
  return {
    hosts: ['pve1', 'pve2'],
    path: '/etc/toy',
    service: 'toy',
    part: 'toy.a',
    kind: 'changed',
    added: 1,
    removed: 1,
    hunks,
    notes: [],
    ...over,
  }
}

const young = diff({ kind: 'new', hosts: ['pve3'], added: 2, removed: 0, hunks: '@@ -0,0 +1,2 @@\n+a\n+b\n' })
const colourless = { colour: false }

test('no changes are no changes', () => {
  assert.is(changesText([], colourless), 'no changes\n')
  assert.is(changesMarkdown([]), 'no changes\n')
})

test('a terminal shows each difference once, under its hosts', () => {
  const text = changesText([diff({ notes: ['mode 0644 → 0600'] }), young], colourless)
  assert.is(
    text,
    [
      'pve1 pve2  /etc/toy  +1 −1  toy.a',
      '  ! mode 0644 → 0600',
      '  @@ -1,2 +1,2 @@',
      '   same',
      '  -old',
      '  +new',
      '',
      'pve3  /etc/toy  new, 2 lines  toy.a',
      '  +a',
      '  +b',
      '',
      '3 files on 3 hosts: 1 new, 2 changed',
      '',
    ].join('\n'),
  )
})

test('colour adds nothing but colour', () => {
  const coloured = changesText([diff(), young], { colour: true })
  assert.is.not(coloured, stripVTControlCharacters(coloured))
  assert.is(stripVTControlCharacters(coloured), changesText([diff(), young], colourless))
})

test('a difference without lines says why', () => {
  const large = diff({ hunks: null, added: 20_000, removed: 1 })
  assert.match(changesText([large], colourless), /1 line before, 20000 lines after/)
  assert.match(changesMarkdown([large]), /1 line before, 20000 lines after/)
  assert.match(
    changesText([diff({ hunks: '', added: 0, removed: 0, notes: ['owner a:a → b:b'] })], colourless),
    /same text/,
  )
})

test('Markdown shows the lines in a fence, long ones behind a click', () => {
  assert.is(
    changesMarkdown([diff()]),
    '**`pve1`** · **`pve2`** &nbsp; `/etc/toy` +1 −1 (`toy.a`)\n\n```diff\n@@ -1,2 +1,2 @@\n same\n-old\n+new\n```\n\n2 files on 2 hosts: 2 changed\n',
  )
  const long = changesMarkdown([diff({ hunks: `@@ -0,0 +1,50 @@\n${'+x\n'.repeat(50)}` })])
  assert.match(long, /<details><summary>51 lines<\/summary>\n\n```diff\n[^]*\n```\n\n<\/details>/)
})

const hostile = [
  '```',
  '`````',
  '</details>',
  '<script>',
  '@somebody',
  '| a | b |',
  '\u202e',
  '\u0000',
  '\u001b[31m',
  '\u200b',
  '![x](http://x)',
  '\u2028',
  '\r',
]

test('no line can leave its fence: between fence and fence there is what the difference holds, line by line', () => {
  const anyLine = fc
    .tuple(fc.constantFrom('+', '-', ' '), fc.constantFrom(...hostile, 'plain'))
    .map((both) => both.join(''))
  fc.assert(
    fc.property(fc.array(anyLine, { minLength: 1 }), (lines) => {
      const markdown = changesMarkdown([diff({ hunks: `@@ -1 +1 @@\n${lines.map((line) => `${line}\n`).join('')}` })])
      const [, ticks = '', inside = '', after = ''] =
        /\n\n(`{3,})diff\n([^]*?)\n {0,3}\1`*\n([^]*)$/.exec(markdown) ?? []
      assert.ok(ticks.length >= 3)
      assert.equal(inside.split('\n'), ['@@ -1 +1 @@', ...lines.map(visible)])
      assert.not.match(after, /somebody|script|http/)
    }),
  )
})

test('a path, part, host or note stays in its code span', () => {
  for (const text of hostile) {
    const markdown = changesMarkdown([
      diff({ path: `a${text}b`, part: text, hosts: [text], notes: [`${text} x ${text}`] }),
    ])
    const outside = markdown.replaceAll(/(?<!`)(`+)(?!`)[^]*?(?<!`)\1(?!`)/g, '')
    assert.not.match(outside, /somebody|script|details|http|\|/)
  }
})

test('what hides, turns the direction of reading or moves the cursor is written out', () => {
  for (const code of [
    0, 7, 13, 27, 0x7f, 0x85, 0xa0, 0xad, 0x200b, 0x200f, 0x202e, 0x2028, 0x2066, 0x3164, 0xfeff, 0xfe0f, 0xe000,
    0xe0041,
  ]) {
    const shown = visible(`a${String.fromCodePoint(code)}b`)
    assert.is(shown, `a‹U+${code.toString(16).toUpperCase().padStart(4, '0')}›b`)
  }
  assert.is(visible('\ta b ä 中 é → '), '\ta b ä 中 é → ')
  assert.match(changesText([diff({ hunks: '@@ -1 +1 @@\n+\u001b]0;x\u0007\n' })], colourless), /‹U\+001B›/)
})

test.run()
