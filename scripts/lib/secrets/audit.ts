/** What can be said about a lab's encrypted secrets without a key: which are missing, and who reads them. */
import type { Id } from '../../../renderers/lab.ts'
import { doubt, mistake, mistakenKey } from '../../../renderers/mistake.ts'
import type { Finding, SecretKind } from '../../../renderers/renderer.ts'
import { longPasswords, secretsFile, type EncryptedSecrets } from '../definition/secrets-file.ts'
import { FailureError } from '../failure.ts'
import { sopsFile, type SopsFile } from './sops-file.ts'
import type { SopsRule } from './sops-rule.ts'

/** What each secret that the lab needs is for. */
export type Declared = Readonly<Record<Id, { readonly kind: SecretKind }>>

export interface SecretsFound {
  /** Null where there is no secrets.yaml. */
  readonly text: string | null
  readonly held: Omit<EncryptedSecrets, 'findings'>
  readonly rule: SopsRule | null
}

/** What `check` does not find, because a lab without its secrets can be rendered all the same. */
export function secretsFindings({ text, held, rule }: SecretsFound, declared: Declared): readonly Finding[] {
  const unset = Object.keys(declared).filter((id) => !Object.hasOwn(held.fingerprints, id))
  if (text === null) return unset.length === 0 ? [] : [noFile(unset)]
  const unused = Object.keys(held.fingerprints).filter((id) => !Object.hasOwn(declared, id))
  return [
    ...unset.map(notSet),
    ...unused.map(notUsed),
    ...longPasswords(held.sizes, declared),
    ...metadataFindings(text, rule),
  ]
}

function noFile(unset: readonly Id[]): Finding {
  const message = `there is no ${secretsFile}, and the lab needs ${unset.map((id) => `"${id}"`).join(', ')}`
  return mistake('secrets-missing', { file: secretsFile, path: [] }, message, `set each: ${setCommand('NAME')}`)
}

function notSet(id: Id): Finding {
  const at = { file: secretsFile, path: id.split('.') }
  return mistakenKey('secret-unset', at, `the secret "${id}" has no value`, `set it: ${setCommand(id)}`)
}

function notUsed(id: Id): Finding {
  const at = { file: secretsFile, path: id.split('.') }
  const help = 'take it out with "quorate secrets edit", or see whether its name is misspelt'
  return { ...doubt('secret-unused', at, `nothing in the lab uses the secret "${id}"`, help), onKey: true }
}

/** What to type to set a secret. */
export function setCommand(id: Id): string {
  return `quorate secrets set ${id}`
}

const metadata = { file: secretsFile, path: ['sops'] }

function metadataFindings(text: string, rule: SopsRule | null): readonly Finding[] {
  try {
    return recipientFindings(sopsFile(text, secretsFile), rule)
  } catch (error) {
    if (!(error instanceof FailureError)) throw error
    const { what, next } = error.failure
    return [mistakenKey('secrets-not-sops', metadata, what, next)]
  }
}

function recipientFindings({ recipients, otherKeys }: SopsFile, rule: SopsRule | null): readonly Finding[] {
  const has = new Set(recipients.map(({ recipient }) => recipient))
  const noAge = `encrypted for ${otherKeys.join(' and ')} too: only age keys are read without the program sops`
  const others = otherKeys.length > 0 ? [doubt('recipient-not-age', metadata, `the secrets are ${noAge}`, asOnly)] : []
  if (rule === null) return [...others, doubt('recipients-unsaid', metadata, unsaid, howToSay)]
  if (rule.fault !== null) {
    return [...others, mistakenKey('recipients-unsaid', metadata, `${rule.file} ${rule.fault}`, howToSay)]
  }
  const missing = rule.recipients.filter((recipient) => !has.has(recipient))
  const extra = [...has].filter((recipient) => !rule.recipients.includes(recipient))
  return [
    ...others,
    ...missing.map((one) => mistakenKey('recipient-missing', metadata, cannotRead(one, rule.file), rotate)),
    ...extra.map((one) => mistakenKey('recipient-extra', metadata, canRead(one, rule.file), newValues)),
  ]
}

const asOnly = 'use age recipients only in .sops.yaml, then "quorate secrets rotate"'
const unsaid = 'nothing says for whom the secrets have to be encrypted: there is no .sops.yaml'
const howToSay =
  'write .sops.yaml beside the lab: creation_rules, each with a path_regex and the public keys of age-keygen under age'
const rotate = 'encrypt them for everybody in it: quorate secrets rotate'
const newValues = 'quorate secrets rotate; whoever read the secrets once knows them: set new values too'

function cannotRead(recipient: string, file: string): string {
  return `${recipient} cannot read the secrets, and ${file} says they are for them`
}

function canRead(recipient: string, file: string): string {
  return `${recipient} can read the secrets, and ${file} does not name them`
}
