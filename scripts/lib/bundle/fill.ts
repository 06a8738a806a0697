/** Puts values into a text's holes, in memory, when a step is staged. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { Id, SecretHole, SecretKind, Text } from '../../../renderers/renderer.ts'
import { FailureError } from '../failure.ts'
import { isPem, longestValue } from './text.ts'

/** Where values come from. */
export interface Secrets {
  /** The value as it is stored; throws a FailureError when there is none. */
  value(id: Id, kind: SecretKind, half: SecretHole['half']): string
  /** Every value handed out so far, longest first: what a log has to mask. */
  seen(): readonly string[]
}

/**
 * The text as the host gets it.
 * `serials`: per name the number to write, the live cluster's + 1.
 * Throws a FailureError when a value is missing, or when its form would add a line to the file or cut it short.
 */
export function fill(text: Text, secrets: Secrets, serials: Readonly<Record<Id, number>>): string {
  return text
    .map((segment, index) => {
      if (typeof segment === 'string') return segment
      if ('serial' in segment) return serialOf(segment.serial, serials)
      return formed(segment, secrets.value(segment.secret, segment.kind, segment.half), text[index + 1])
    })
    .join('')
}

function serialOf(id: Id, serials: Readonly<Record<Id, number>>): string {
  const serial = Object.hasOwn(serials, id) ? serials[id] : undefined
  if (serial !== undefined && Number.isSafeInteger(serial) && serial > 0) return String(serial)
  throw new FailureError(
    {
      what: `the next number of "${id}" is ${serial === undefined ? 'not known' : `no whole number above 0: ${serial}`}`,
      where: `serial ${id}`,
      now: 'the file was not written',
      next: `see that the hosts of "${id}" answer, then run again`,
    },
    4,
  )
}

/** A PEM ends with exactly one newline, whatever the template puts after it. */
function formed(hole: SecretHole, value: string, after: Text[number] | undefined): string {
  if (!isPem(hole.kind)) return checked(hole, value)
  const pem = checked(hole, `${value.replaceAll('\r\n', '\n').trim()}\n`)
  return typeof after === 'string' && after.startsWith('\n') ? pem.slice(0, -1) : pem
}

function checked(hole: SecretHole, value: string): string {
  const fault = fits(hole, value)
  if (fault === null) return value
  throw new FailureError(
    {
      what: `the value of secret "${hole.secret}" ${fault}; it is not shown here`,
      where: `secret ${hole.secret} (${hole.kind}${hole.half === 'whole' ? '' : `, ${hole.half} half`})`,
      now: 'no file was written with it',
      next: `set another value for "${hole.secret}" in the lab's secrets.yaml`,
    },
    1,
  )
}

/** What is wrong with the value, in words that do not give it away; null where it fits. */
function fits(hole: SecretHole, value: string): string | null {
  if (value === '') return 'is empty'
  if (hole.kind === 'rsa-key-pair') return pemOf(hole.half).test(value) ? null : `is no PKCS#1 PEM (${hole.half} half)`
  if (hole.kind === 'certificate-and-key') return certified(value)
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(value)) return 'holds a newline or another control character'
  if (hole.kind === 'text') return null
  // keepalived cuts auth_pass at 8 characters; "#" and "!" start a comment and white space ends the word (keepalived.conf(5)).
  if (value.length > 8) return `has ${value.length} characters, and VRRP takes at most 8`
  return /^[\x21-\x7e]+$/.test(value) && !/[#!"'\\${}]/.test(value)
    ? null
    : `has a character that keepalived.conf cannot hold (allowed: printable ASCII without space and # ! " ' \\ $ { })`
}

const lines = '(?:[A-Za-z0-9+/]{1,76}={0,2}\\n)+'
const certificates = new RegExp(`-----BEGIN CERTIFICATE-----\\n${lines}-----END CERTIFICATE-----\\n`, 'g')
const privateKey = new RegExp(`^-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----\\n${lines}-----END \\1-----\\n$`)

/** What is wrong with certificates and a key; null where the key is that of the first certificate. */
function certified(value: string): string | null {
  if (value.length > longestValue) return `has more than ${longestValue} characters`
  const [first] = value.match(certificates) ?? []
  const key = value.replaceAll(certificates, '')
  if (first === undefined) return 'holds no certificate in PEM'
  if (!privateKey.test(key))
    return 'holds no private key in PEM, without a passphrase, besides certificates, or other text'
  try {
    if (new X509Certificate(first).checkPrivateKey(createPrivateKey(key))) return null
  } catch {
    return 'holds a certificate or a key that cannot be read'
  }
  return 'holds a key that is not the one of its first certificate'
}

function pemOf(half: SecretHole['half']): RegExp {
  const label = half === 'public' ? 'RSA PUBLIC KEY' : 'RSA PRIVATE KEY'
  return new RegExp(`^-----BEGIN ${label}-----\\n(?:[A-Za-z0-9+/]{1,76}={0,2}\\n)+-----END ${label}-----\\n$`)
}
