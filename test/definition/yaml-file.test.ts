import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readYaml } from '../../scripts/lib/definition/yaml-file.ts'

const ruleOf = (text: string) => readYaml(text).faults[0]?.rule

test('documents that end the process when yaml composes two of them are refused, one after the other', () => {
  for (const text of [
    '['.repeat(20_000),
    `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
    '{a: '.repeat(20_000),
    '- '.repeat(20_000),
    '? '.repeat(20_000),
    Array.from({ length: 700 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
  ]) {
    assert.is(ruleOf(text), 'yaml-too-much')
    assert.is(ruleOf(text), 'yaml-too-much')
  }
})

test('64 levels are read, 65 are not', () => {
  assert.equal(readYaml(`${'['.repeat(64)}${']'.repeat(64)}`).faults, [])
  assert.is(ruleOf(`${'['.repeat(65)}${']'.repeat(65)}`), 'yaml-too-much')
})

test('aliases that multiply are refused, however they do it', () => {
  const laughs = [
    'a: &a [x]',
    ...Array.from('bcdefghijklmnopqrstuvwxyz').map((name, index) => {
      const before = 'abcdefghijklmnopqrstuvwxyz'[index]!
      return `${name}: &${name} [*${before}, *${before}]`
    }),
  ]
  assert.is(ruleOf(laughs.join('\n')), 'yaml-too-much')
  const wide = `a: &a [${'1,'.repeat(2000)}]\nb: [${'*a,'.repeat(90)}]`
  assert.is(ruleOf(wide), 'yaml-too-much')
  const deep = Array.from({ length: 90 }, (_, index) => `a${index}: &a${index} [${index === 0 ? 1 : `*a${index - 1}`}]`)
  assert.is(ruleOf(deep.join('\n')), 'yaml-too-much')
})

test('a file longer than 512 Ki characters is not read', () => {
  assert.is(ruleOf('#'.repeat(512 * 1024 + 1)), 'yaml-too-much')
  assert.equal(readYaml('#'.repeat(512 * 1024)).faults, [])
})

test('fifty thousand keys are compared in seconds, not in minutes', () => {
  const keys = Array.from({ length: 30_000 }, (_, index) => `k${index}: 1`)
  assert.is(ruleOf([...keys, 'k7: 2'].join('\n')), 'yaml-duplicate-key')
})

test('cycles through aliases and merges are named where the alias is', () => {
  for (const [text, start] of [
    ['a: &x [*x]', 7],
    ['a: &x {b: [*x]}', 11],
    ['&a {<<: *a}', 8],
    ['x: &x\n  <<: *x', 12],
  ] as const) {
    const [fault] = readYaml(text).faults
    assert.is(fault?.rule, 'yaml-alias', text)
    assert.is(fault!.at.start, start, text)
  }
})

test('keys that are no plain own names stay plain own names', () => {
  const { value } = readYaml('__proto__: { admin: true }\nconstructor: 1\n1: a\nnull: b\n')
  assert.equal(Object.keys(value as object).toSorted(), ['1', '__proto__', 'constructor', 'null'])
  assert.is(Object.getPrototypeOf(value), Object.prototype)
  assert.is(({} as { admin?: boolean }).admin, undefined)
})

test('words are what YAML 1.2 says: no, on and 1:30 are text', () => {
  assert.equal(readYaml('[no, on, 1:30, 2026-11-22, 017, ~]').value, ['no', 'on', '1:30', '2026-11-22', 17, null])
})

const places: readonly (readonly [string, readonly (string | number)[], boolean, string])[] = [
  ['a: {b: [x, yy]}', ['a', 'b', 1], false, 'yy'],
  ['a: {b: [x, yy]}', ['a', 'b'], true, 'b'],
  ['a:\n  b: 1\n', ['a'], false, 'a'],
  ['a:\n', ['a'], false, 'a'],
  ['a: {b: 1}', ['a'], false, '{b: 1}'],
  ['a: {b: 1}', ['a', 'nothing', 'deep'], false, 'a'],
  ['x: &x {b: 1}\na: *x', ['a', 'b'], false, '1'],
  ['x: &x {b: 1}\na: *x', ['a'], false, '*x'],
  ['x: &x {b: 1}\na: {<<: *x, c: 2}', ['a', 'b'], false, '1'],
  ['x: &x {b: 1}\ny: &y {d: 3}\na: {<<: [*x, *y], c: 2}', ['a', 'd'], false, '3'],
  ['- a\n- b: c\n', [1, 'b'], false, 'c'],
]

test('a place leads back to what was written', () => {
  for (const [text, path, onKey, written] of places) {
    const { start, end } = readYaml(text).locate(path, onKey)
    assert.is(text.slice(start, end), written, text)
  }
})

test('no text makes it throw, and every span lies in the text', () => {
  const pieces = fc.constantFrom(
    'a',
    'b: ',
    '- ',
    '? ',
    ': ',
    '[',
    ']',
    '{',
    '}',
    ',',
    '\n',
    '\n  ',
    '\t',
    '&a ',
    '*a',
    '<<: ',
    '"',
    "'",
    '|\n',
    '>\n',
    '---\n',
    '...\n',
    '%YAML 1.1\n',
    '!!binary ',
    '!x ',
    '# ',
    '\u0000',
    '\u{1F600}',
    '\uD800',
    '\r\n',
    '__proto__: ',
    '~',
    '.nan',
  )
  const texts = fc.oneof(
    fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join('')),
    fc.string({ unit: 'binary' }),
  )
  fc.assert(
    fc.property(texts, (text) => {
      const { value, faults, locate } = readYaml(text)
      assert.ok(faults.length === 0 || value === undefined)
      for (const { start, end } of [...faults.map(({ at }) => at), locate(['a', 0, 'b'], false), locate([], true)]) {
        assert.ok(start >= 0 && start <= end, text)
      }
      JSON.stringify(value)
    }),
    { numRuns: 2000 },
  )
})

test.run()
