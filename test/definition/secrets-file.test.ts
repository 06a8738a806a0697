import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { encryptedSecrets, longPasswords, type EncryptedSecrets } from '../../scripts/lib/definition/secrets-file.ts'
import { readYaml } from '../../scripts/lib/definition/yaml-file.ts'

const sealed = (data: string) => `ENC[AES256_GCM,data:${data},iv:aXY=,tag:dGFn,type:str]`
const metadata = 'sops:\n  age:\n    - recipient: age1x\n      enc: in clear\n  version: 3.9.0\n'

function read(text: string): EncryptedSecrets {
  return encryptedSecrets(readYaml(text).value)
}

function of(text: string): Readonly<Record<string, string>> {
  const { fingerprints, findings } = read(text)
  assert.equal(findings, [])
  return fingerprints
}

test('without a secrets.yaml there is no fingerprint', () => {
  assert.equal(encryptedSecrets(undefined), { fingerprints: {}, sizes: {}, findings: [] })
})

test('every ciphertext has one, by the keys on the way to it; metadata is no secret', () => {
  const found = of(`tinc:\n  cluster:\n    pve1: ${sealed('YQ==')}\n    pve2: ${sealed('Yg==')}\n${metadata}`)
  assert.equal(Object.keys(found), ['tinc.cluster.pve1', 'tinc.cluster.pve2'])
  assert.match(found['tinc.cluster.pve1'] ?? '', /^[0-9a-f]{64}$/)
  assert.is.not(found['tinc.cluster.pve1'], found['tinc.cluster.pve2'])
})

test('it depends on the ciphertext, not on where it stands or how the file is laid out', () => {
  const one = of(`a: ${sealed('YQ==')}\nb: ${sealed('Yg==')}\n`)
  assert.equal(of(`"b": "${sealed('Yg==')}"\n# moved\na: '${sealed('YQ==')}'\n`), one)
  assert.is.not(of(`a: ${sealed('YWE=')}\n`)['a'], one['a'])
})

test('a password that is too long for VRRP is found without the key, and nothing is said of other secrets', () => {
  const ofSize = (size: number) => sealed(Buffer.alloc(size).toString('base64'))
  const { sizes } = read(`k:\n  right: ${ofSize(8)}\n  long: ${ofSize(9)}\n  other: ${ofSize(900)}\n`)
  assert.equal(sizes, { 'k.long': 9, 'k.other': 900, 'k.right': 8 })
  const password = { kind: 'vrrp-password' } as const
  const kinds = { 'k.right': password, 'k.long': password, 'k.unset': password, 'k.other': { kind: 'text' } as const }
  assert.equal(
    longPasswords(sizes, kinds).map(({ rule, at, message }) => [rule, at.path, message]),
    [['password-too-long', ['k', 'long'], 'the password "k.long" has 9 characters, and VRRP takes at most 8']],
  )
})

test('an empty value is not set', () => assert.equal(of(`a:\nb: ""\nc: {}\n`), {}))

const inClear = [
  'a: hunter2secret\n',
  'a: { b: hunter2secret }\n',
  'a: 12345678\n',
  'a: true\n',
  `a: "x ${sealed('YQ==')}"\n`,
  'a_unencrypted: hunter2secret\n',
]
for (const text of inClear) {
  test(`a value in clear is found and not shown: ${JSON.stringify(text)}`, () => {
    const { fingerprints, findings } = read(text)
    assert.equal(
      findings.map(({ rule }) => rule),
      ['secret-in-clear'],
    )
    assert.equal(fingerprints, {})
    assert.not.match(JSON.stringify(findings), /hunter2secret|12345678/)
  })
}

const strange: readonly [string, string][] = [
  ['- a\n', 'secrets-not-named'],
  ['x', 'secrets-not-named'],
  ['a: [b]\n', 'secrets-not-named'],
  [`a.b: ${sealed('YQ==')}\na:\n  b: ${sealed('Yg==')}\n`, 'secret-twice'],
]
for (const [text, rule] of strange) {
  test(`${JSON.stringify(text.slice(0, 8))} is found as ${rule}`, () => {
    assert.equal(
      read(text).findings.map((finding) => finding.rule),
      [rule],
    )
  })
}

for (const text of ['a: "\n', 'a: 1\na: 2\n', 'a: &a [*a]\n', '['.repeat(5000), '']) {
  test(`YAML that cannot be read has no secrets: ${JSON.stringify(text.slice(0, 12))}`, () =>
    assert.equal(of(text), {}))
}

test('a secret with the name of an object member is one like any other', () => {
  const found = of(`__proto__:\n  polluted: ${sealed('YQ==')}\nconstructor: ${sealed('Yg==')}\n`)
  assert.equal(Object.keys(found), ['__proto__.polluted', 'constructor'])
  assert.is(({} as { polluted?: unknown }).polluted, undefined)
})

test.run()
