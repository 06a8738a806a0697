/** Decrypts a SOPS file with the age identities of whoever deploys, or has the program `sops` do it where it takes more than age. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { Id } from '../../../renderers/lab.ts'
import { FailureError } from '../failure.ts'
import { dataKeyOf } from '../secrets/data-key.ts'
import { openedValues } from '../secrets/open-file.ts'
import { howToInstallSops, identityIsNoRecipient, noIdentity } from '../secrets/refusals.ts'
import { sopsFile, type AgeRecipient, type SopsFile } from '../secrets/sops-file.ts'
import { foundIdentities, type FoundIdentities } from './identities.ts'

/** By secret (the keys on the way, joined by dots) its value. Throws a FailureError with the exit code 4 where the file does not open. */
export async function secretValues(path: string): Promise<ReadonlyMap<Id, string>> {
  const file = sopsFile(await readFile(path, 'utf8'), path)
  if (file.beyondUs !== null) return await valuesBySops(path, `the file ${file.beyondUs}`)
  if (file.recipients.length === 0) return await valuesBySops(path, `it is encrypted ${forWhom(file)}, not with age`)
  const found = await foundIdentities()
  const { key, strangers } = await keyFor(file.recipients, found, path)
  if (key !== null) return openedValues(file, key)
  if (found.forSops.length > 0) return await valuesBySops(path, `only sops uses ${found.forSops.join(' and ')}`)
  if (file.otherKeys.length > 0)
    return await valuesBySops(path, `no age identity fits, and ${forWhom(file)} it takes sops`)
  const recipients = file.recipients.map(({ recipient }) => recipient)
  if (strangers.length === 0) throw noIdentity(path, found.looked, recipients)
  throw identityIsNoRecipient(path, strangers, recipients)
}

/** `strangers`: the public halves of all identities that do not fit, where there is no key. A command is asked last: it may ask a person. */
async function keyFor(recipients: readonly AgeRecipient[], { identities, ask }: FoundIdentities, path: string) {
  const first = await dataKeyOf(recipients, identities, path)
  if ('key' in first) return { key: first.key, strangers: [] }
  const strangers = [...first.strangers]
  for (const { recipient } of ask === null ? [] : recipients) {
    const asked = await dataKeyOf(recipients, await ask!(recipient), path)
    if ('key' in asked) return { key: asked.key, strangers: [] }
    strangers.push(...asked.strangers)
  }
  return { key: null, strangers: [...new Set(strangers)] }
}

function forWhom({ otherKeys }: SopsFile): string {
  return otherKeys.length === 0 ? 'for nobody' : `with ${otherKeys.join(' and ')}`
}

/** `why`: it takes the program. */
async function valuesBySops(path: string, why: string): Promise<ReadonlyMap<Id, string>> {
  const args = ['--decrypt', '--input-type', 'yaml', '--output-type', 'json', path]
  const options = { timeout: 60_000, maxBuffer: 16 * 1024 * 1024 }
  try {
    const { stdout } = await promisify(execFile)('sops', args, options)
    return leaves(JSON.parse(stdout), [])
  } catch (error) {
    throw undecrypted(path, why, error as Error & { code?: unknown; stderr?: unknown })
  }
}

/** No cause is kept: a JSON.parse error, for one, quotes the text. */
function undecrypted(where: string, why: string, { code, stderr }: Error & { code?: unknown; stderr?: unknown }) {
  const missing = code === 'ENOENT'
  const words = typeof stderr === 'string' ? stderr.trim().split('\n').slice(0, 3).join(' ') : ''
  const what = missing
    ? `it takes the program "sops" to decrypt the secrets (${why}), and it is not installed`
    : `sops cannot decrypt the secrets (${why}): ${words || 'it printed no JSON'}`
  const next = missing
    ? `${howToInstallSops} where you deploy from, or encrypt the secrets for an age recipient`
    : `see that this works where you deploy from: sops --decrypt ${where}`
  return new FailureError({ what, where, now: 'no host was touched', next }, 4)
}

function leaves(value: unknown, path: readonly string[]): Map<Id, string> {
  if (typeof value === 'string' && value !== '') return new Map([[path.join('.'), value]])
  if (typeof value === 'number') return new Map([[path.join('.'), String(value)]])
  if (typeof value !== 'object' || value === null) return new Map()
  return new Map(Object.entries(value).flatMap(([key, member]) => [...leaves(member, [...path, key])]))
}
