/** The key that a SOPS file's values are encrypted with, from the age identity of somebody whom it is encrypted for. */
import { dataKeyIsDamaged, identityIsMalformed } from './refusals.ts'
import type { AgeRecipient } from './sops-file.ts'

/** An age identity (`AGE-SECRET-KEY-1…`), and where it was found. */
export interface AgeIdentity {
  readonly text: string
  readonly place: string
}

/**
 * The data key, 32 bytes; where the file is encrypted for none of the identities, their public halves.
 * `where`: what the file is called in refusals. Throws a FailureError, without an identity in it, where one is malformed or the key damaged.
 */
export async function dataKeyOf(
  recipients: readonly AgeRecipient[],
  identities: readonly AgeIdentity[],
  where: string,
): Promise<{ readonly key: Uint8Array } | { readonly strangers: readonly string[] }> {
  if (identities.length === 0) return { strangers: [] }
  // Takes a while to load, and most runs need no secret.
  const { Decrypter, armor, identityToRecipient } = await import('age-encryption')
  const decrypter = new Decrypter()
  const ours: string[] = []
  for (const { text, place } of identities) {
    try {
      ours.push(await identityToRecipient(text))
      decrypter.addIdentity(text)
    } catch {
      // The library's words are about the identity, which is a secret.
      throw identityIsMalformed(place)
    }
  }
  for (const { encrypted } of recipients) {
    try {
      const key = await decrypter.decrypt(armor.decode(encrypted))
      if (key.length === 32) return { key }
    } catch {
      // For somebody else, or damaged: which of the two is told below.
    }
  }
  const damaged = recipients.find(({ recipient }) => ours.includes(recipient))
  if (damaged !== undefined) throw dataKeyIsDamaged(where, damaged.recipient)
  return { strangers: ours }
}
