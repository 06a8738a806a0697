/** Writes files as SOPS does, from getsops.io's description and sources: what the reader in scripts/lib/secrets is held against. */
import { createCipheriv, createHash, randomBytes } from 'node:crypto'
import { Encrypter, armor } from 'age-encryption'

export type Plain = string | number | boolean | null
export type Tree = readonly (readonly [key: string, value: Plain | { readonly list: readonly Plain[] } | Tree])[]

export interface SopsOptions {
  /** The data key. */
  readonly key?: Uint8Array
  readonly lastModified?: string
  /** Lines of the metadata: rules about what is encrypted, other kinds of keys. */
  readonly metadata?: readonly string[]
  readonly isEncrypted?: (path: readonly string[]) => boolean
  readonly macOnlyEncrypted?: boolean
  /** Lines of `age:`, as `ageLines` makes them. */
  readonly age?: readonly string[]
}

/** The text of a file with these secrets. */
export function sopsText(tree: Tree, options: SopsOptions = {}): string {
  const { key = randomBytes(32), lastModified = '2026-01-02T03:04:05Z', metadata = [], age = [] } = options
  const hash = createHash('sha512')
  if (options.macOnlyEncrypted === true) hash.update(createHash('sha256').update('sops').digest())
  const lines = linesOf(tree, [], { ...options, key, hash })
  const mac = sealed(hash.digest('hex').toUpperCase(), key, lastModified)
  const only = options.macOnlyEncrypted === true ? ['mac_only_encrypted: true'] : []
  const sops = [...age, `lastmodified: "${lastModified}"`, `mac: ${mac}`, ...metadata, ...only, 'version: 3.11.0']
  return [...lines, 'sops:', ...sops.map((line) => `    ${line}`), ''].join('\n')
}

/** The data key encrypted to each of these recipients, as lines of the metadata. */
export async function ageLines(recipients: readonly string[], key: Uint8Array): Promise<readonly string[]> {
  const entries = recipients.map(async (recipient) => {
    const encrypter = new Encrypter()
    encrypter.addRecipient(recipient)
    const armoured = armor
      .encode(await encrypter.encrypt(key))
      .trimEnd()
      .split('\n')
    return [`    - recipient: ${recipient}`, '      enc: |', ...armoured.map((line) => `        ${line}`)]
  })
  return ['age:', ...(await Promise.all(entries)).flat()]
}

/** A value encrypted for this purpose: the keys on the way to it, each with a colon behind it. */
export function sealed(plain: string | Uint8Array, key: Uint8Array, purpose: string, type = 'str'): string {
  const iv = randomBytes(32)
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: 16 }).setAAD(Buffer.from(purpose))
  const data = Buffer.concat([cipher.update(Buffer.from(plain as string)), cipher.final()]).toString('base64')
  const tag = cipher.getAuthTag().toString('base64')
  return `ENC[AES256_GCM,data:${data},iv:${iv.toString('base64')},tag:${tag},type:${type}]`
}

type Writing = SopsOptions & { readonly key: Uint8Array; readonly hash: ReturnType<typeof createHash> }

function linesOf(tree: Tree, path: readonly string[], writing: Writing): string[] {
  return tree.flatMap(([key, value]) => {
    const [way, indent] = [[...path, key], '    '.repeat(path.length)]
    const name = `${indent}${/^[a-z][a-z0-9_]*$/.test(key) ? key : JSON.stringify(key)}:`
    if (Array.isArray(value)) return [value.length === 0 ? `${name} {}` : name, ...linesOf(value as Tree, way, writing)]
    if (typeof value === 'object' && value !== null) {
      const { list } = value as { readonly list: readonly Plain[] }
      return [name, ...list.map((member) => `${indent}    - ${scalar(member, way, writing)}`)]
    }
    return [`${name} ${scalar(value, way, writing)}`]
  })
}

function scalar(value: Plain, path: readonly string[], { key, hash, isEncrypted, macOnlyEncrypted }: Writing): string {
  if (value === null) return 'null'
  const plain = typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value)
  const encrypted = isEncrypted?.(path) ?? true
  if (encrypted || macOnlyEncrypted !== true) hash.update(plain)
  if (!encrypted || plain === '') return JSON.stringify(value)
  const type = { string: 'str', boolean: 'bool', number: Number.isInteger(value) ? 'int' : 'float' }[
    typeof value as 'string' | 'boolean' | 'number'
  ]
  return sealed(plain, key, path.map((name) => `${name}:`).join(''), type)
}
