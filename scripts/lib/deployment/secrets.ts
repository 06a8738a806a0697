/** Where the values for a text's holes come from: the lab's SOPS file, or values made up for simulated hosts and checkers. */
import { createPrivateKey, createPublicKey, generateKeyPair, generateKeyPairSync, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Id, SecretHole, SecretKind } from '../../../renderers/renderer.ts'
import type { Secrets } from '../bundle/fill.ts'
import type { Rendering } from '../bundle/rendering.ts'
import { secretsFile } from '../definition/secrets-file.ts'
import { FailureError } from '../failure.ts'
import { setCommand } from '../secrets/audit.ts'
import type { KnownSecret } from './mask.ts'
import { secretValues } from './secret-values.ts'
import { standInCertificate } from './stand-in-certificate.ts'

type Half = SecretHole['half']

export interface SopsSecrets extends Secrets {
  /** Every value of the file, whether it was handed out or not: what nobody may see. */
  readonly known: readonly KnownSecret[]
}

/** Values made up on first use and kept for as long as the object is: private and public halves match. Never for real hosts. */
export function standInSecrets(made: Map<string, string> = new Map()): Secrets {
  return rememberingSecrets((id, kind) => {
    const value = made.get(`${kind} ${id}`) ?? madeUp[kind]()
    made.set(`${kind} ${id}`, value)
    return value
  })
}

/** As `standInSecrets`, with every key pair that a rendering declares made beforehand, on as many threads as there are. */
export async function standInSecretsFor(declared: Rendering['secrets']): Promise<Secrets> {
  const pairs = Object.entries(declared).filter(([, { kind }]) => kind === 'rsa-key-pair')
  const made = pairs.map(async ([id, { kind }]) => {
    const { privateKey } = await promisify(generateKeyPair)('rsa', rsa)
    return [`${kind} ${id}`, privateKey] as const
  })
  return standInSecrets(new Map(await Promise.all(made)))
}

/**
 * The values of a lab's secrets.yaml, decrypted into memory only.
 * `declared`: the rendering's secrets; where it declares none, no key is looked for. Throws a FailureError when the file does not decrypt
 * or was tampered with (exit 4), or when a declared secret is not set (exit 1, all of them named).
 */
export async function sopsSecrets(labFolder: string, declared: Rendering['secrets']): Promise<SopsSecrets> {
  const ids = Object.keys(declared)
  const file = join(labFolder, secretsFile)
  const values = ids.length > 0 && existsSync(file) ? await secretValues(file) : new Map<Id, string>()
  const unset = ids.filter((id) => !values.has(id))
  if (unset.length > 0) throw notSet(unset, file)
  const stored = rememberingSecrets((id) => {
    const value = values.get(id)
    if (value === undefined) throw notSet([id], file)
    return value
  })
  return {
    ...stored,
    known: [...values].filter(isTelling).flatMap(([id, value]) => knownAs(id, value, declared[id]?.kind)),
  }
}

/** Without yes and no, which a document that is printed is full of. */
function isTelling([, value]: readonly [Id, string]): boolean {
  return value !== 'true' && value !== 'false'
}

/** As it is stored, and as a file has it. */
function knownAs(id: Id, value: string, kind: SecretKind | undefined): readonly KnownSecret[] {
  if (kind !== 'rsa-key-pair') return [{ id, value }]
  try {
    return [value, halfOf(id, value, 'private')].map((one) => ({ id, value: one }))
  } catch {
    // It is no key, which is told when it is used; it is a secret all the same.
    return [{ id, value }]
  }
}

/** Secrets that are looked up in what `stored` gives, and known for masking once they were handed out. */
export function rememberingSecrets(stored: (id: Id, kind: SecretKind) => string): Secrets {
  const seen = new Set<string>()
  return {
    value(id, kind, half) {
      const value = kind === 'rsa-key-pair' ? halfOf(id, stored(id, kind), half) : stored(id, kind)
      seen.add(value)
      return value
    },
    seen: () => [...seen].toSorted((a, b) => b.length - a.length),
  }
}

/** As tinc 1.0 makes and reads them. */
const rsa = {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
} as const

const madeUp: Readonly<Record<SecretKind, () => string>> = {
  'vrrp-password': () => randomBytes(4).toString('hex'),
  'rsa-key-pair': () => generateKeyPairSync('rsa', rsa).privateKey,
  text: () => randomBytes(16).toString('hex'),
  'certificate-and-key': standInCertificate,
}

/** The private half is what is stored; the public one is worked out from it. PKCS#1, as tinc 1.0 reads it. */
function halfOf(id: Id, pem: string, half: Half): string {
  try {
    const key = createPrivateKey(pem)
    if (key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048) {
      const exported = half === 'public' ? createPublicKey(key) : key
      return exported.export({ type: 'pkcs1', format: 'pem' }).toString()
    }
  } catch {
    // OpenSSL's words say nothing that a user could act on; the refusal below does.
  }
  const what = `the secret "${id}" is no RSA private key in PEM of 2048 bits or more; its value is not shown`
  const next = `make a new key (openssl genrsa -traditional 2048) and set "${id}"`
  throw new FailureError({ what, where: `${secretsFile}: ${id}`, now: 'no file was written with it', next }, 1)
}

function notSet(ids: readonly Id[], file: string): FailureError {
  const names = ids.map((id) => `"${id}"`).join(', ')
  const what = ids.length === 1 ? `the secret ${names} has no value` : `${ids.length} secrets have no value: ${names}`
  const next = `set ${ids.length === 1 ? 'it' : 'each'}: ${setCommand(ids.length === 1 ? ids[0]! : 'NAME')}`
  return new FailureError({ what, where: file, now: 'no host was touched', next }, 1)
}
