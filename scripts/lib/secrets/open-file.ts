/** The values of a SOPS file, opened with its data key, when not one of them was changed, moved, added or taken away. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Id } from '../../../renderers/lab.ts'
import { ciphertext, plaintext, type Ciphertext } from './ciphertext.ts'
import {
  contentWasChanged,
  macWasChanged,
  valueIsInClear,
  valueIsMalformed,
  valueIsNoText,
  valueWasChanged,
} from './refusals.ts'
import type { SopsFile, SopsValue } from './sops-file.ts'

/** The SHA-256 of "sops": begins the hash where the MAC is over encrypted values only. */
const macOnlyEncryptedStart = createHash('sha256').update('sops').digest()

/** What a value may say of itself, as SOPS writes it. Decrypted bytes are hashed, so other spellings would be as good as unchanged. */
const spellings: Readonly<Record<string, RegExp>> = {
  str: /^/,
  bytes: /^/,
  int: /^(0|-?[1-9]\d*)$/,
  float: /^(-?(0|[1-9]\d*)(\.\d+)?|[+-]Inf|NaN)$/,
  bool: /^(True|False)$/,
  time: /^\d{4}-\d\d-\d\dT[0-9:.]+(Z|[+-]\d\d:\d\d)$/,
}

/**
 * The encrypted values, by the keys on the way joined by dots; those in lists have no name and are only verified.
 * `key`: the file's data key, 32 bytes. Throws a FailureError that names what does not fit.
 */
export function openedValues(file: SopsFile, key: Uint8Array): ReadonlyMap<Id, string> {
  const hash = createHash('sha512')
  if (file.macOnlyEncrypted) hash.update(macOnlyEncryptedStart)
  const opened = new Map<Id, string>()
  for (const value of file.values) {
    if (value.isEncrypted) {
      const bytes = openedValue(value, file, key)
      hash.update(bytes.bytes)
      if (!value.isInList && bytes.text !== '') opened.set(value.id, bytes.text)
    } else if (!file.macOnlyEncrypted) {
      hash.update(inClear(value.value))
    }
  }
  verify(file, key, hash.digest('hex').toUpperCase())
  return opened
}

function openedValue(value: SopsValue, file: SopsFile, key: Uint8Array) {
  // SOPS leaves what is empty as it is.
  if (value.value === '') return { bytes: Buffer.alloc(0), text: '' }
  const at = file.at(value.place)
  if (typeof value.value !== 'string' || !value.value.startsWith('ENC[')) throw valueIsInClear(at, value.id)
  const sealed = ciphertext(value.value)
  if (sealed === null) throw valueIsMalformed(at, value.id)
  const bytes = plaintext(sealed, key, purposeOf(value))
  if (bytes === null) throw valueWasChanged(at, value.id, cameFrom(sealed, file, key))
  const text = asText(bytes)
  if (text === null) throw valueIsNoText(at, value.id)
  if (!isSpelledAs(sealed.type, text)) throw valueIsMalformed(at, value.id)
  return { bytes, text: sealed.type === 'bool' ? text.toLowerCase() : text }
}

function purposeOf({ path }: SopsValue): string {
  return path.map((key) => `${key}:`).join('')
}

/** Which of the file's values this one was; null where it is none of them. */
function cameFrom(sealed: Ciphertext, file: SopsFile, key: Uint8Array): Id | null {
  const origin = file.values.find((other) => plaintext(sealed, key, purposeOf(other)) !== null)
  return origin?.id ?? null
}

function asText(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

function isSpelledAs(type: string, text: string): boolean {
  return Object.hasOwn(spellings, type) && spellings[type]!.test(text)
}

/** As SOPS puts it into the MAC. */
function inClear(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  return String(value)
}

function verify({ mac, lastModified, at: placeOf }: SopsFile, key: Uint8Array, computed: string): void {
  const at = placeOf(['sops', 'mac'])
  const sealed = ciphertext(mac)
  const stored = sealed?.type === 'str' ? plaintext(sealed, key, lastModified) : null
  if (stored === null) throw macWasChanged(at)
  const expected = Buffer.from(computed)
  if (stored.length !== expected.length || !timingSafeEqual(stored, expected)) throw contentWasChanged(at)
}
