import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { template, TemplateError, type Hole } from '../../renderers/template.ts'

const secret: Hole = { secret: 'tinc.cluster.pve1', kind: 'rsa-key-pair', half: 'private' }
const serial: Hole = { serial: 'corosync' }

function render(text: string, values: object = {}) {
  return template({ name: 'x.njk', text }, values)
}

test('text, loops and conditions come out as segments without holes', () => {
  const text =
    '# {{ title }}\n{% for one in list %}\n{{ loop.index }} {{ one }}\n{% endfor %}\n{% if no %}\nno\n{% endif %}\n'
  assert.equal(render(text, { title: 'a "b" <c>', list: ['x', 'y'], no: null }), ['# a "b" <c>\n1 x\n2 y\n'])
})

test('a hole is a segment of its own, as often as it is printed, wherever it stands in the values', () => {
  const values = { a: { list: [secret] }, version: serial }
  assert.equal(render('{{ a.list[0] }}\nv {{ version }} {{ version }}\n', values), [
    secret,
    '\nv ',
    serial,
    ' ',
    serial,
    '\n',
  ])
})

const wrong: readonly (readonly [what: string, text: string, values: object, message: RegExp])[] = [
  ['an unknown name that is printed', '\n{{ nope }}', {}, /^x\.njk:2: "nope" is not defined/],
  ['an unknown name in a filter', '{{ nope | upper }}', {}, /^x\.njk:1: "nope" is not defined/],
  ['an unknown name in a condition', '\n\n{% if nope %}{% endif %}', {}, /^x\.njk:3: "nope" is not defined/],
  ['an unknown name in a loop', '{% for a in nope %}{% endfor %}', {}, /^x\.njk:1: "nope" is not defined/],
  ['an unknown name in a comparison', '{% if nope == 1 %}{% endif %}', {}, /"nope" is not defined/],
  ['an unknown name in a list', '{{ [nope, "a"] | join }}', {}, /"nope" is not defined/],
  ['a loop’s name outside its loop', '{% for a in l %}{% endfor %}{{ a }}', { l: [1] }, /"a" is not defined/],
  ['a name set inside a condition', '{% if l %}{% set z = 1 %}{% endif %}{{ z }}', { l: [1] }, /"z" is not defined/],
  ['an unknown member', '\n{{ a.nope }}', { a: { b: 1 } }, /^x\.njk:2: "nope" is not defined; there is b/],
  ['an unknown member in a condition', '{% if a.nope %}{% endif %}', { a: {} }, /"nope" is not defined/],
  ['an unknown member in a loop', '{% for b in a.nope %}{% endfor %}', { a: {} }, /"nope" is not defined/],
  ['a member of nothing', '{{ a.b.c }}', { a: { b: null } }, /"c" is looked up in null/],
  ['a place behind a list’s end', '{{ a[3] }}', { a: [1] }, /"3" is not defined; there is a list of 1/],
  ['nothing that is printed', '{{ a }}', { a: null }, /^x\.njk:1: nothing is printed/],
  ['nothing in a filter', '{{ a | upper }}', { a: null }, /nothing is given to the filter "upper"/],
  ['a map that is printed', '{{ a }}', { a: { b: 1 } }, /^x\.njk:1: a map is printed/],
  ['a list that is printed', '{{ a }}', { a: [1] }, /^x\.njk:1: a list is printed/],
  ['a map in a filter', '{{ a | join(",") }}', { a: [{ b: 1 }] }, /a map is given to the filter/],
  ['a loop with one name over a map', '{% for b in a %}{% endfor %}', { a: { b: 1 } }, /with one name over a map/],
  ['a loop over a text', '{% for b in a %}{% endfor %}', { a: 'abc' }, /which is no list/],
  ['texts that are joined by "~"', '{{ "a" ~ a }}', { a: 1 }, /cannot be used/],
  ['arithmetic', '{{ a * 2 }}', { a: 1 }, /do not compute/],
  ['a call', '{{ range(3) }}', {}, /nothing can be called/],
  ['a way to the constructor', '{{ ({}).constructor.constructor("x")() }}', {}, /cannot|called/],
  ['a member of every object', '{{ a.constructor }}', { a: {} }, /"constructor" is not defined/],
  ['a name of every object', '{{ constructor }}', {}, /"constructor" is not defined/],
  [
    'a member of every object, by a made-up name',
    '{{ a[b] }}',
    { a: {}, b: 'constructor' },
    /"constructor" is not defined/,
  ],
  ['a filter that looks up attributes', '{{ a | sum("constructor") }}', { a: [1] }, /the filter "sum" is not there/],
  ['an attribute for a filter', '{{ a | join(",", "constructor") }}', { a: [1] }, /takes at most 1 argument/],
  ['an included file', '{% include "/etc/passwd" %}', {}, /"Include" cannot be used/],
  ['a macro', '{% macro m() %}{% endmacro %}', {}, /"Macro" cannot be used/],
  ['a block that is not closed', '{% if a %}', { a: 1 }, /^x\.njk: .*got end of file/],
  ['a value with a newline', 'a\n{{ a }}', { a: 'x\nevil' }, /^x\.njk:2: "x\\nevil" holds a line end/],
  ['a value with a sentinel', '{{ a }}', { a: '\ue000' }, /holds a line end or another character/],
  ['a template with a sentinel', '\ue000{{ a }}', { a: 1 }, /reserved for holes/],
  ['a value that turns the reading direction', '{{ a }}', { a: 'x\u202e' }, /may not be printed/],
  [
    'a hole that is never printed',
    '{{ a }}',
    { a: 1, key: secret },
    /the secret "tinc\.cluster\.pve1" \(private\) is never printed/,
  ],
  ['a hole in a filter', '{{ key | upper }}', { key: secret }, /is given to the filter "upper"/],
  ['a hole in a list in a filter', '{{ keys | join(",") }}', { keys: [secret] }, /is given to the filter "join"/],
  ['a member of a hole', '{{ key.secret }}', { key: secret }, /looked up in a hole/],
]

for (const [what, text, values, message] of wrong) {
  test(`${what} is refused, with template, line and name`, () => {
    assert.throws(
      () => render(text, values),
      (error: unknown) => {
        assert.instance(error, TemplateError)
        assert.match((error as Error).message, message)
        return true
      },
    )
  })
}

test('no value can add a line, end one or open a hole', () => {
  const anything = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\n', '\r', '\u2028', '\u0085', '\v', '\ue000{}\ue001'),
  )
  fc.assert(
    fc.property(anything, anything, (before, after) => {
      const value = before + after
      try {
        assert.equal(render('a {{ value }} b\n', { value }), [`a ${value} b\n`])
      } catch (error) {
        assert.instance(error, TemplateError)
        return
      }
      assert.is(value.split(/[\n\r\v\f\u0085\u2028\u2029]/).length, 1)
    }),
  )
})

test('a value that looks like a template is printed as it is', () => {
  assert.equal(render('{{ a }}', { a: '{{ 1 }}{% if %}' }), ['{{ 1 }}{% if %}'])
})

test.run()
