/** A value as SOPS encrypts it: AES-256-GCM, and what it was encrypted for as additional data. */
import { createDecipheriv } from 'node:crypto'

export interface Ciphertext {
  readonly data: Buffer
  readonly iv: Buffer
  readonly tag: Buffer
  /** What the value was in YAML; SOPS authenticates it nowhere. */
  readonly type: string
}

const form = /^ENC\[AES256_GCM,data:([A-Za-z0-9+/=]+),iv:([A-Za-z0-9+/=]+),tag:([A-Za-z0-9+/=]+),type:([a-z]+)\]$/

/**
 * The parts of `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`; null where a text is anything else. Base64 has to be as SOPS writes it: several
 * spellings stand for the same bytes, and Node's decoder takes them all.
 */
export function ciphertext(text: string): Ciphertext | null {
  const [, data, iv, tag, type] = form.exec(text) ?? []
  const [first, second, third] = [bytes(data), bytes(iv), bytes(tag)]
  if (first === null || second === null || third?.length !== 16 || type === undefined) return null
  return { data: first, iv: second, tag: third, type }
}

/** The bytes that were encrypted with this key (32 bytes) for this; null where it was another key, another purpose, or other bytes. */
export function plaintext({ data, iv, tag }: Ciphertext, key: Uint8Array, purpose: string): Buffer | null {
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: 16 })
  decipher.setAAD(Buffer.from(purpose)).setAuthTag(tag)
  try {
    return Buffer.concat([decipher.update(data), decipher.final()])
  } catch {
    return null
  }
}

function bytes(base64: string | undefined): Buffer | null {
  if (base64 === undefined) return null
  const decoded = Buffer.from(base64, 'base64')
  return decoded.toString('base64') === base64 ? decoded : null
}
