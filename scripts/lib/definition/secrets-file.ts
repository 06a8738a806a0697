/** The lab's encrypted secrets, as far as they can be known without a key: which there are, and whether a ciphertext changed. */
import { createHash } from 'node:crypto'
import type { Id } from '../../../renderers/lab.ts'
import type { Finding } from '../../../renderers/renderer.ts'
import type { Source } from './source.ts'
import { readYaml } from './yaml-file.ts'

export interface EncryptedSecrets {
  /** By secret ("tinc.cluster.pve1": the keys on the way, joined by dots) the SHA-256 of its ciphertext, hexadecimal. */
  readonly fingerprints: Readonly<Record<Id, string>>
  /** Values in clear, which are not shown, and what is no secret. */
  readonly findings: readonly Finding[]
}

/** Relative to the lab's folder. */
export const secretsFile = 'secrets.yaml'
/** What SOPS writes for an encrypted value. */
const ciphertext = /^ENC\[AES256_GCM,data:[A-Za-z0-9+/=]*,iv:[A-Za-z0-9+/=]+,tag:[A-Za-z0-9+/=]+,type:[a-z]+\]$/

type Path = readonly (string | number)[]

/** Reads secrets.yaml, a SOPS file; empty where there is none. What is wrong with its YAML is found when the definition is read. */
export function encryptedSecrets(sources: readonly Pick<Source, 'path' | 'text'>[]): EncryptedSecrets {
  const source = sources.find(({ path }) => path === secretsFile)
  const value = source === undefined ? undefined : readYaml(source.text).value
  const found = new Map<Id, string>()
  const findings = isMap(value) ? branch(withoutMetadata(value), [], found) : []
  if (value !== undefined && value !== null && !isMap(value)) findings.push(noMap([]))
  return { fingerprints: Object.fromEntries([...found].toSorted(([a], [b]) => (a < b ? -1 : 1))), findings }
}

function branch(map: object, path: Path, found: Map<Id, string>): Finding[] {
  return Object.entries(map).flatMap(([key, value]: [string, unknown]) => {
    const way = [...path, key]
    const id = way.join('.')
    // SOPS leaves what is empty as it is: it has no value yet.
    if (value === null || value === '') return []
    if (isMap(value)) return branch(value, way, found)
    if (Array.isArray(value)) return [noMap(way)]
    if (typeof value !== 'string' || !ciphertext.test(value)) return [inClear(way)]
    if (found.has(id)) return [twice(way)]
    found.set(id, createHash('sha256').update(value).digest('hex'))
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
  return { ...mistake('secret-in-clear', path, message, help), onKey: true }
}

function noMap(path: Path): Finding {
  const what = path.length === 0 ? 'the file' : `"${path.join('.')}"`
  return mistake('secrets-not-named', path, `${what} is no map of names`, 'write nested maps: each secret has a name')
}

function twice(path: Path): Finding {
  const message = `the secret "${path.join('.')}" is there twice, once with dots in a key`
  return { ...mistake('secret-twice', path, message, 'keep one of the two'), onKey: true }
}

function mistake(rule: string, path: Path, message: string, help: string): Finding {
  return { rule, severity: 'error', at: { file: secretsFile, path }, message, help }
}
