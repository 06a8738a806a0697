/** The lab's encrypted secrets, as far as they can be known without a key: which there are, and whether a ciphertext changed. */
import { createHash } from 'node:crypto'
import type { Id } from '../../../renderers/lab.ts'
import { mistake, mistakenKey } from '../../../renderers/mistake.ts'
import type { Finding, SecretKind } from '../../../renderers/renderer.ts'

export interface EncryptedSecrets {
  /** By secret ("tinc.cluster.pve1": the keys on the way, joined by dots) the SHA-256 of its ciphertext, hexadecimal. */
  readonly fingerprints: Readonly<Record<Id, string>>
  /** By secret how many bytes its value has, which a ciphertext tells everybody: SOPS encrypts with AES-GCM and pads nothing. */
  readonly sizes: Readonly<Record<Id, number>>
  /** Values in clear, which are not shown, and what is no secret. */
  readonly findings: readonly Finding[]
}

/** Relative to the lab's folder. */
export const secretsFile = 'secrets.yaml'
/** What SOPS writes for an encrypted value. */
const ciphertext = /^ENC\[AES256_GCM,data:([A-Za-z0-9+/=]*),iv:[A-Za-z0-9+/=]+,tag:[A-Za-z0-9+/=]+,type:[a-z]+\]$/

type Path = readonly (string | number)[]

/** Reads what secrets.yaml, a SOPS file, holds; undefined where there is none, or where it is no YAML, which is found when it is read. */
export function encryptedSecrets(value: unknown): EncryptedSecrets {
  const found = new Map<Id, Found>()
  const findings = isMap(value) ? branch(withoutMetadata(value), [], found) : []
  if (value !== undefined && value !== null && !isMap(value)) findings.push(noMap([]))
  const sorted = [...found].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return {
    fingerprints: Object.fromEntries(sorted.map(([id, { fingerprint }]) => [id, fingerprint])),
    sizes: Object.fromEntries(sorted.map(([id, { size }]) => [id, size])),
    findings,
  }
}

/**
 * Passwords that are too long for VRRP: RFC 2338 has eight bytes for one, and keepalived cuts off what is longer. `kinds`: what each secret
 * that the lab needs is for.
 */
export function longPasswords(
  sizes: EncryptedSecrets['sizes'],
  kinds: Readonly<Record<Id, { readonly kind: SecretKind }>>,
): readonly Finding[] {
  const passwords = Object.keys(kinds).filter((id) => kinds[id]!.kind === 'vrrp-password')
  return passwords.toSorted().flatMap((id) => {
    const size = Object.hasOwn(sizes, id) ? sizes[id]! : 0
    if (size <= 8) return []
    const message = `the password "${id}" has ${size} characters, and VRRP takes at most 8`
    return [mistakenKey('password-too-long', { file: secretsFile, path: id.split('.') }, message, 'set a shorter one')]
  })
}

interface Found {
  readonly fingerprint: string
  readonly size: number
}

function branch(map: object, path: Path, found: Map<Id, Found>): Finding[] {
  return Object.entries(map).flatMap(([key, value]: [string, unknown]) => {
    const way = [...path, key]
    const id = way.join('.')
    // SOPS leaves what is empty as it is: it has no value yet.
    if (value === null || value === '') return []
    if (isMap(value)) return branch(value, way, found)
    if (Array.isArray(value)) return [noMap(way)]
    const data = typeof value === 'string' ? ciphertext.exec(value)?.[1] : undefined
    if (typeof value !== 'string' || data === undefined) return [inClear(way)]
    if (found.has(id)) return [twice(way)]
    const fingerprint = createHash('sha256').update(value).digest('hex')
    found.set(id, { fingerprint, size: Buffer.from(data, 'base64').length })
    return []
  })
}

function withoutMetadata(map: object): object {
  return Object.fromEntries(Object.entries(map).filter(([key]) => key !== 'sops'))
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function inClear(path: Path): Finding {
  const message = `the secret "${path.join('.')}" is not encrypted`
  const help = 'take it for known to others: set a new value, and encrypt the file with sops before it is committed'
  return mistakenKey('secret-in-clear', { file: secretsFile, path }, message, help)
}

function noMap(path: Path): Finding {
  const what = path.length === 0 ? 'the file' : `"${path.join('.')}"`
  const help = 'write nested maps: each secret has a name'
  return mistake('secrets-not-named', { file: secretsFile, path }, `${what} is no map of names`, help)
}

function twice(path: Path): Finding {
  const message = `the secret "${path.join('.')}" is there twice, once with dots in a key`
  return mistakenKey('secret-twice', { file: secretsFile, path }, message, 'keep one of the two')
}
