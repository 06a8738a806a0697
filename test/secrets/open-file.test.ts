import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FailureError } from '../../scripts/lib/failure.ts'
import { openedValues } from '../../scripts/lib/secrets/open-file.ts'
import { sopsFile } from '../../scripts/lib/secrets/sops-file.ts'
import { sealed, sopsText, type Plain, type SopsOptions, type Tree } from './sops-writer.ts'

const key = randomBytes(32)
const some: Tree = [
  ['first', 'hunter2secret'],
  [
    'tinc',
    [
      [
        'cluster',
        [
          ['pve1', '-----BEGIN RSA-----\nabc\n-----END RSA-----\n'],
          ['pve2', 'ünïcode ✓'],
        ],
      ],
    ],
  ],
  ['count', 12345678],
  ['ratio', 0.25],
  ['yes', true],
  ['unset', null],
  ['empty', ''],
]

function opened(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(openedValues(sopsFile(text, 'secrets.yaml'), key))
}

/** Empty where it is refused. */
function namesLeft(text: string): readonly (readonly [id: string, value: string])[] {
  try {
    return Object.entries(opened(text))
  } catch (error) {
    if (error instanceof FailureError) return []
    throw error
  }
}

/** The message of the refusal; anything but a FailureError is passed on. */
function refused(text: string): string {
  try {
    opened(text)
  } catch (error) {
    if (error instanceof FailureError) return error.message
    throw error
  }
  return assert.unreachable(`it was read:\n${text}`) as never
}

function flat(tree: Tree, path: readonly string[] = []): (readonly [id: string, value: string])[] {
  return tree.flatMap(([name, value]) => {
    const way = [...path, name]
    if (Array.isArray(value)) return flat(value as Tree, way)
    return value === null || value === '' ? [] : [[way.join('.'), `${value as Plain}`] as const]
  })
}

test('every encrypted value is found by the keys on the way: nested, over several lines, a number, yes or no', () => {
  assert.equal(opened(sopsText(some, { key })), Object.fromEntries(flat(some)))
})

test('whatever is written is read again', () => {
  const name = fc
    .string({ minLength: 1, maxLength: 8 })
    .filter((text) => !/[.]|^(sops|<<|__proto__)$|_unencrypted$/.test(text))
  const value = fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer(), fc.boolean(), fc.constant(null))
  const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.uniqueArray(fc.tuple(name, fc.oneof({ maxDepth: 3 }, value, tie('tree'))), {
      maxLength: 4,
      selector: ([first]) => first,
    }),
  }))
  fc.assert(
    fc.property(tree, (secrets) => {
      assert.equal(opened(sopsText(secrets, { key })), Object.fromEntries(flat(secrets)))
    }),
  )
})

// SOPS's MAC does not tell a map from a list with that map in it: its members then have no name, and are missed where they are needed.
test('a changed character anywhere in the secrets, their names, the date or the MAC is refused, or takes names away', () => {
  const set = some.filter(([, value]) => value !== null && value !== '')
  const text = sopsText(set, { key })
  const authenticated = [...text.matchAll(/^[^]*?(?=\nsops:)|(?<=lastmodified: ").*?(?=")|(?<=mac: ).*/g)]
  assert.is(authenticated.length, 3)
  const original = opened(text)
  const offsets = authenticated.flatMap(({ 0: found, index }) => Array.from(found, (_, offset) => index + offset))
  const character = fc.integer({ min: 32, max: 126 }).map((code) => String.fromCharCode(code))
  fc.assert(
    fc.property(fc.constantFrom(...offsets), character, (offset, replacement) => {
      fc.pre(text[offset] !== replacement)
      const changed = text.slice(0, offset) + replacement + text.slice(offset + 1)
      if (replacement !== '-' || text[offset] !== ' ') refused(changed)
      else for (const [id, value] of namesLeft(changed)) assert.is(value, original[id])
    }),
    { numRuns: 3000 },
  )
})

test('no refusal shows a value', () => {
  const text = sopsText(some, { key })
  const [, first = ''] = /^first: (.*)$/m.exec(text) ?? []
  const planted = [
    text.replace(first, 'hunter2secret'),
    text.replace(first, sealed('hunter2secret', key, 'second:')),
    text.replace(first, sealed('hunter2secret', key, 'first:', 'int')),
    text.replace(first, sealed('hunter2secret', key, 'first:', 'comment')),
  ]
  for (const one of planted) assert.not.match(refused(one), /hunter2secret/)
})

test('a value that was moved to another key is named with where it came from', () => {
  const text = sopsText(
    [
      ['a', 'one'],
      ['b', [['c', 'two']]],
    ],
    { key },
  )
  const [one = '', two = ''] = text.match(/ENC\[.*?\]/g) ?? []
  assert.match(refused(text.replace(one, two)), /"a" has the value of "b\.c"/)
})

test('a value of the same key from before is refused, though it decrypts', () => {
  const text = sopsText([['a', 'new']], { key })
  assert.match(refused(text.replace(/ENC\[.*?\]/, sealed('old', key, 'a:'))), /put back to an old value/)
})

test('a secret that was added, taken away or put elsewhere is refused', () => {
  const text = sopsText(
    [
      ['a', 'one'],
      ['b', 'two'],
    ],
    { key },
  )
  const [a = '', b = ''] = text.split('\n')
  for (const changed of [
    text.replace(`${a}\n`, ''),
    text.replace(`${a}\n${b}`, `${b}\n${a}`),
    `c: ${sealed('x', key, 'c:')}\n${text}`,
  ]) {
    assert.match(refused(changed), /not those that their MAC is over/)
  }
})

test('keys that are numbers keep their place, as the MAC is over the values in the order of the file', () => {
  const secrets: Tree = [
    ['b', 'one'],
    ['2', 'two'],
    ['1', 'three'],
  ]
  assert.equal(opened(sopsText(secrets, { key })), { b: 'one', 2: 'two', 1: 'three' })
})

test('members of a list have no name, and are verified all the same', () => {
  const text = sopsText(
    [
      ['a', { list: ['one', 'two', 3] }],
      ['b', 'x'],
    ],
    { key },
  )
  assert.equal(opened(text), { b: 'x' })
  const [first = '', second = ''] = text.match(/- ENC.*/g) ?? []
  assert.match(refused(text.replace(first, second)), /MAC/)
})

test('comments may come and go: SOPS leaves them out of the MAC', () => {
  const text = sopsText([['a', 'one']], { key })
  assert.equal(opened(`#ENC[AES256_GCM,data:YQ==,iv:YQ==,tag:YQ==,type:comment]\n# in clear\n${text}`), { a: 'one' })
})

const rules: Readonly<Record<string, SopsOptions & { readonly clear: readonly string[] }>> = {
  'unencrypted_suffix: _clear': {
    isEncrypted: (path) => !path.some((name) => name.endsWith('_clear')),
    clear: ['a_clear'],
  },
  'encrypted_suffix: _secret': {
    isEncrypted: (path) => path.some((name) => name.endsWith('_secret')),
    clear: ['a_clear', 'b'],
  },
  'unencrypted_regex: ^a_|^b$': {
    isEncrypted: (path) => !path.some((name) => /^a_|^b$/.test(name)),
    clear: ['a_clear', 'b'],
  },
  'encrypted_regex: secret': {
    isEncrypted: (path) => path.some((name) => /secret/.test(name)),
    clear: ['a_clear', 'b'],
  },
}
for (const [rule, { clear, ...how }] of Object.entries(rules)) {
  for (const macOnlyEncrypted of [false, true]) {
    test(`what "${rule}" leaves in clear is no secret${macOnlyEncrypted ? ', nor in a MAC of encrypted values only' : ''}`, () => {
      const secrets: Tree = [
        ['a_clear', 'x1'],
        [
          'b',
          [
            ['deep', 'x2'],
            ['no', false],
            ['n', 12],
          ],
        ],
        ['c_secret', [['d', 'x3']]],
      ]
      const text = sopsText(secrets, { key, ...how, macOnlyEncrypted, metadata: [rule] })
      const named = Object.keys(opened(text))
      assert.ok(named.includes('c_secret.d'))
      for (const name of clear) assert.not.ok(named.some((id) => id === name || id.startsWith(`${name}.`)))
      const changed = text.replace('"x1"', '"x9"')
      assert.is.not(changed, text)
      if (macOnlyEncrypted) assert.equal(Object.keys(opened(changed)), named)
      else assert.match(refused(changed), /MAC/)
    })
  }
}

test('a MAC of encrypted values only is none of all values, though both are over the same bytes', () => {
  const text = sopsText([['a', 'one']], { key })
  assert.match(refused(text.replace('version:', 'mac_only_encrypted: true\n    version:')), /MAC/)
})

test('bytes that are no text are refused and not shown; text of any kind that SOPS has is read', () => {
  const text = sopsText([['a', 'x']], { key })
  const odd = text.replace(/ENC\[.*?\]/, sealed(Buffer.from('ff00ff', 'hex'), key, 'a:'))
  assert.match(refused(odd), /the secret "a" is no text in UTF-8/)
  assert.equal(opened(text.replace('type:str', 'type:bytes')), { a: 'x' })
})

for (const [metadata, why] of [
  [['encrypted_comment_regex: secret'], 'says by comments what is encrypted: encrypted_comment_regex'],
  [['encrypted_regex: (?i)secret'], "has an expression of Go's that is none of JavaScript's: encrypted_regex"],
  [
    ['encrypted_suffix: a', 'encrypted_regex: b'],
    'has more than one rule of what is encrypted: encrypted_suffix, encrypted_regex',
  ],
  [['key_groups:', '    - age: []', '    - age: []'], 'splits its data key over several key groups'],
] as const) {
  test(`what quorate cannot read is left to sops: the file ${why}`, () => {
    assert.is(sopsFile(sopsText([['a', 'one']], { key, metadata }), 'secrets.yaml').beyondUs, why)
  })
}

for (const value of [0.5, 1e21, '2026-01-02', '2026-1-2T03:04:05Z']) {
  test(`a value in clear that Go may spell in another way is left to sops: ${value}`, () => {
    const secrets: Tree = [['a_unencrypted', value]]
    const of = (macOnlyEncrypted: boolean) => {
      return sopsFile(sopsText(secrets, { key, isEncrypted: () => false, macOnlyEncrypted }), 'secrets.yaml').beyondUs
    }
    assert.match(of(false) ?? '', 'counts as SOPS spells it: a_unencrypted')
    assert.is(of(true), null)
  })
}

test('one key group is read like none', () => {
  const metadata = ['key_groups:', '    - age:', '        - recipient: age1x', '          enc: y']
  const { recipients, beyondUs } = sopsFile(sopsText([], { key, metadata }), 'secrets.yaml')
  assert.equal({ recipients, beyondUs }, { recipients: [{ recipient: 'age1x', encrypted: 'y' }], beyondUs: null })
})

test.run()
