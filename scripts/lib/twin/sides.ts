/** Both sides of a rehearsal with values for every secret, made up. */
import type { Rendering } from '../bundle/rendering.ts'
import { standInSecrets } from '../deployment/secrets.ts'
import type { Sided } from './held.ts'

/** A side with the values that were made up for it. */
export type Furnished = Sided & { readonly made: ReadonlyMap<string, string> }

/** What is declared secret has the same value on both sides unless its ciphertext changed. */
export function secretsFor(
  before: Rendering,
  after: Rendering,
): { readonly before: Furnished; readonly after: Furnished } {
  const sideOf = (rendering: Rendering, inherited: ReadonlyMap<string, string>) => {
    const made = new Map(inherited)
    const secrets = standInSecrets(made)
    for (const [id, { kind }] of Object.entries(rendering.secrets)) {
      secrets.value(id, kind, kind === 'rsa-key-pair' ? 'private' : 'whole')
    }
    return { rendering, secrets, made }
  }
  const old = sideOf(before, new Map())
  const kept = [...old.made].filter(([key]) => {
    const id = key.slice(key.indexOf(' ') + 1)
    return before.secrets[id]?.fingerprint === after.secrets[id]?.fingerprint
  })
  return { before: old, after: sideOf(after, new Map(kept)) }
}
