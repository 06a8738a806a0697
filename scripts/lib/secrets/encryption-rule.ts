/** Which values of a SOPS file are encrypted: at most one rule about the keys on the way says so (getsops.io, sops.go). */
import type { Members } from './members.ts'

const byName = {
  unencrypted_suffix: { wanted: false, matches: (suffix: string) => (key: string) => key.endsWith(suffix) },
  encrypted_suffix: { wanted: true, matches: (suffix: string) => (key: string) => key.endsWith(suffix) },
  unencrypted_regex: { wanted: false, matches: byExpression },
  encrypted_regex: { wanted: true, matches: byExpression },
}
const byComment = ['unencrypted_comment_regex', 'encrypted_comment_regex']
const names = [...Object.keys(byName), ...byComment]

/** Why quorate cannot tell which values are encrypted, as in "…, because it …"; null where it can. */
export function rulesBeyondUs(metadata: Members): string | null {
  const set = names.filter((name) => textOf(metadata, name) !== '')
  if (set.length > 1) return `has more than one rule of what is encrypted: ${set.join(', ')}`
  const [name] = set
  if (name === undefined) return null
  if (byComment.includes(name)) return `says by comments what is encrypted: ${name}`
  try {
    isEncryptedBy(metadata)
    return null
  } catch {
    return `has an expression of Go's that is none of JavaScript's: ${name}`
  }
}

/** Whether the value below these keys is encrypted. SOPS asks of each key on the way; without a rule, `_unencrypted` at its end says no. */
export function isEncryptedBy(metadata: Members): (path: readonly string[]) => boolean {
  for (const [name, { wanted, matches }] of Object.entries(byName)) {
    const rule = textOf(metadata, name)
    if (rule === '') continue
    const isNamed = matches(rule)
    return (path) => path.some(isNamed) === wanted
  }
  return (path) => !path.some((key) => key.endsWith('_unencrypted'))
}

function textOf(metadata: Members, name: string): string {
  const value = metadata.get(name)
  return typeof value === 'string' ? value : ''
}

function byExpression(expression: string): (key: string) => boolean {
  const compiled = new RegExp(expression, 'u')
  return (key) => compiled.test(key)
}
