import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { SecretHole, SecretKind, Text } from '../../renderers/renderer.ts'
import { fill, type Secrets } from '../../scripts/lib/bundle/fill.ts'
import { standInCertificate } from '../../scripts/lib/deployment/stand-in-certificate.ts'
import { FailureError } from '../../scripts/lib/failure.ts'

const body = 'MIIBCgKCAQEA'.repeat(5)
const publicPem = `-----BEGIN RSA PUBLIC KEY-----\n${body}\n-----END RSA PUBLIC KEY-----\n`
const privatePem = publicPem.replaceAll('PUBLIC', 'PRIVATE')

function secrets(value: string): Secrets {
  return { value: () => value, seen: () => [] }
}

function hole(kind: SecretKind, half: SecretHole['half'] = 'whole'): SecretHole {
  return { secret: 'a.b', kind, half }
}

function filled(value: string, kind: SecretKind, half?: SecretHole['half']): string {
  return fill(['<', hole(kind, half), '>'], secrets(value), {})
}

/** What it is refused with; the value never is in it. */
function refusal(value: string, kind: SecretKind, half?: SecretHole['half']): string {
  try {
    filled(value, kind, half)
  } catch (error) {
    assert.instance(error, FailureError)
    const { message } = error as FailureError
    if (value.trim().length > 3) assert.not.ok(message.includes(value.trim()), 'the value is in the message')
    return message
  }
  throw new Error(`${JSON.stringify(value)} was accepted`)
}

test('holes are filled in their places, and what stands around them stays', () => {
  const text: Text = ['a ', hole('text'), ' b ', { serial: 'corosync' }, '\n']
  assert.is(fill(text, secrets('value'), { corosync: 8 }), 'a value b 8\n')
})

test('the form of a replacement means nothing: $& and the like are text', () => {
  assert.is(filled('$&$1$`', 'text'), '<$&$1$`>')
})

for (const serials of [{}, { corosync: 0 }, { corosync: 1.5 }, { corosync: NaN }]) {
  test(`a serial is a whole number above 0, not ${JSON.stringify(serials)}`, () => {
    assert.throws(() => fill([{ serial: 'corosync' }], secrets(''), serials), /number of "corosync"/)
    assert.throws(() => fill([{ serial: 'constructor' }], secrets(''), serials), /number of "constructor"/)
  })
}

for (const value of ['a\nb', 'a\rb', 'a\u0000', 'a\u2028b', 'a\u0085b', '', '\n']) {
  test(`a text or password ${JSON.stringify(value)} that could add a line, or is empty, is refused`, () => {
    refusal(value, 'text')
    refusal(value, 'vrrp-password')
  })
}

test('a VRRP password has 1 to 8 printable characters that keepalived reads as they are', () => {
  for (const fine of ['a', '12345678', 'a-b_c.d~', '%&/()=?*']) assert.is(filled(fine, 'vrrp-password'), `<${fine}>`)
  for (const bad of ['123456789', 'a b', 'a#b', '!abc', 'a"b', "a'b", 'a\\b', '$abc', 'a{b', 'pässw'])
    refusal(bad, 'vrrp-password')
  assert.match(refusal('123456789', 'vrrp-password'), /9 characters, and VRRP takes at most 8/)
})

test('a key ends with exactly one newline, whatever was stored and whatever the template puts after it', () => {
  for (const stored of [publicPem, publicPem.trim(), `\n${publicPem}\n\n`, publicPem.replaceAll('\n', '\r\n')]) {
    assert.is(fill([hole('rsa-key-pair', 'public')], secrets(stored), {}), publicPem)
    assert.is(fill([hole('rsa-key-pair', 'public'), '\nPort = 655\n'], secrets(stored), {}), `${publicPem}Port = 655\n`)
    assert.is(fill([hole('rsa-key-pair', 'public'), 'Port = 655\n'], secrets(stored), {}), `${publicPem}Port = 655\n`)
  }
})

test('a half is refused where the other half is meant: no private key ever lands in a file for all', () => {
  assert.match(refusal(privatePem, 'rsa-key-pair', 'public'), /is no PKCS#1 PEM \(public half\)/)
  refusal(publicPem, 'rsa-key-pair', 'private')
  assert.is(filled(privatePem, 'rsa-key-pair', 'private'), `<${privatePem}>`)
})

test('nothing but one key may stand in a key: a line more is refused', () => {
  refusal(`${publicPem}Subnet = 0.0.0.0/0\n`, 'rsa-key-pair', 'public')
  refusal(`Subnet = 0.0.0.0/0\n${publicPem}`, 'rsa-key-pair', 'public')
  refusal(publicPem.replace(body, `${body}\nScript = x`), 'rsa-key-pair', 'public')
  refusal(publicPem + publicPem, 'rsa-key-pair', 'public')
  refusal('', 'rsa-key-pair', 'public')
})

test('a certificate comes with its own key, and with nothing else', () => {
  const [one, other] = [standInCertificate(), standInCertificate()]
  const certificate = (pem: string) => pem.slice(0, pem.indexOf('-----BEGIN PRIVATE'))
  const key = (pem: string) => pem.slice(certificate(pem).length)
  const fits = (pem: string) => assert.is(filled(pem, 'certificate-and-key'), `<${pem}>`)
  fits(one)
  fits(certificate(one) + certificate(other) + key(one))
  fits(key(one) + certificate(one))
  const refused = (pem: string) => refusal(pem, 'certificate-and-key')
  assert.match(refused(certificate(one) + key(other)), /key that is not the one of its first certificate/)
  assert.match(refused(certificate(other) + one), /key that is not the one of its first certificate/)
  assert.match(refused(key(one)), /no certificate/)
  assert.match(refused(certificate(one)), /no private key/)
  assert.match(refused(`${one}bind :81\n`), /other text/)
  assert.match(refused(one.replace('PRIVATE KEY', 'ENCRYPTED PRIVATE KEY')), /passphrase/)
  assert.match(refused(one.replace(/MI/, 'AA')), /cannot be read/)
  assert.match(refused(certificate(one).repeat(40) + key(one)), /more than 16384/)
})

test.run()
