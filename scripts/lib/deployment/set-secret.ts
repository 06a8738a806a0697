/** Sets one secret in a lab's secrets.yaml, and makes that file where there is none. */
import { writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Id } from '../../../renderers/lab.ts'
import { remedyForName } from '../../../renderers/nearest.ts'
import { fill } from '../bundle/fill.ts'
import { encryptedSecrets } from '../definition/secrets-file.ts'
import { readYaml } from '../definition/yaml-file.ts'
import { FailureError } from '../failure.ts'
import type { Declared } from '../secrets/audit.ts'
import type { LabSecrets } from '../secrets/lab-secrets.ts'
import { sopsFile } from '../secrets/sops-file.ts'
import { rememberingSecrets } from './secrets.ts'
import { runSops } from './sops-program.ts'

/** Throws a FailureError (exit 2) where no part of the lab uses a secret of this name. */
export function requireDeclared(id: Id, declared: Declared): void {
  if (Object.hasOwn(declared, id)) return
  const next = remedyForName(id, Object.keys(declared), 'secret')
  const what = `nothing in the lab uses a secret "${id}"`
  throw new FailureError({ what, where: 'secrets set', now: 'nothing was changed', next }, 2)
}

/**
 * Gives the secret this value, as a file would hold it. Throws a FailureError where it is none for the secret's kind (exit 1), or where sops
 * does not encrypt it (exit 4); the file is then as it was.
 */
export async function setSecret(lab: LabSecrets, id: Id, value: string): Promise<void> {
  const { kind } = lab.declared[id]!
  const stored = rememberingSecrets(() => value)
  // Refuses what would be refused when it is deployed.
  fill([{ secret: id, kind, half: kind === 'rsa-key-pair' ? 'private' : 'whole' }], stored, {})
  const secret = [value, ...stored.seen()]
  if (lab.text === null) await make(lab, id, value, secret)
  else await change(lab, id, value, secret)
}

async function change({ file, text }: LabSecrets, id: Id, value: string, secret: readonly string[]): Promise<void> {
  const { values, beyondUs, encrypts } = sopsFile(text!, file)
  const path = values.find((known) => known.id === id)?.path ?? id.split('.')
  if (beyondUs !== null || !encrypts(path)) throw inClear(id, file, beyondUs)
  const index = path.map((key) => `[${JSON.stringify(key)}]`).join('')
  const input = JSON.stringify(value)
  const { code, words } = await runSops(['set', '--value-stdin', file, index], { folder: dirname(file), input, secret })
  if (code !== 0) throw sopsFailed('set the secret', file, words, 'sops set --value-stdin is in sops 3.11 and newer')
}

async function make({ file, rule }: LabSecrets, id: Id, value: string, secret: readonly string[]): Promise<void> {
  if (rule === null) throw nobodyToEncryptFor(file)
  const nested = id.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value)
  const args = ['encrypt', '--filename-override', file, '--input-type', 'yaml', '--output-type', 'yaml']
  // JSON is YAML too.
  const input = JSON.stringify(nested)
  const { code, printed, words } = await runSops(args, { folder: dirname(file), input, secret })
  if (code !== 0) throw sopsFailed('encrypt the secret', file, words, 'see that .sops.yaml has a rule for the file')
  if (!Object.hasOwn(encryptedSecrets(readYaml(printed).value).fingerprints, id)) throw inClear(id, file, null)
  await writeFile(file, printed, { flag: 'wx' })
}

/** `beyondUs`: what the file does that only sops can tell of. */
function inClear(id: Id, where: string, beyondUs: string | null): FailureError {
  const what =
    beyondUs === null
      ? `the rules of what is encrypted would leave the secret "${id}" in clear`
      : `quorate cannot tell whether the secret "${id}" would be encrypted: the file ${beyondUs}`
  const next = 'take the rules (encrypted_…, unencrypted_…) out of .sops.yaml and of the part "sops" of the file'
  return new FailureError({ what, where, now: 'nothing was changed', next }, 4)
}

function nobodyToEncryptFor(where: string): FailureError {
  const what = 'there is no .sops.yaml that says for whom to encrypt the secrets'
  const next =
    'make a key (age-keygen), and write its public half to .sops.yaml: creation_rules: [{ path_regex: secrets.yaml, age: age1… }]'
  return new FailureError({ what, where, now: 'nothing was changed', next }, 4)
}

/** `doing`: "set the secret". `words`: its own, without values. */
export function sopsFailed(doing: string, where: string, words: string, next: string): FailureError {
  const what = `sops did not ${doing}: ${words || 'it gave no reason'}`
  return new FailureError({ what, where, now: 'the file is as it was', next }, 4)
}
