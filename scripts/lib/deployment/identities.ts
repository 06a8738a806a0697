/** The age identities of whoever runs this, from where SOPS looks for them. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { identitiesIn, identityPlaces, isForSops } from '../secrets/age-identities.ts'
import { commandWords } from '../secrets/command-words.ts'
import type { AgeIdentity } from '../secrets/data-key.ts'
import { commandFailed } from '../secrets/refusals.ts'

export interface FoundIdentities {
  readonly identities: readonly AgeIdentity[]
  /** The places where there was none, or none for us. */
  readonly looked: readonly string[]
  /** What only the program `sops` can use. */
  readonly forSops: readonly string[]
  /** Asks the command in SOPS_AGE_KEY_CMD for a recipient's identities; null where there is no command. */
  readonly ask: ((recipient: string) => Promise<readonly AgeIdentity[]>) | null
}

export async function foundIdentities(): Promise<FoundIdentities> {
  const { files, identities, command, variables } = identityPlaces(process.env, process.platform)
  const inFiles = await Promise.all(files.map(async ({ path, place }) => await inFile(path, place)))
  const all: readonly AgeIdentity[] = [...identities, ...inFiles.flatMap(({ found }) => found)]
  return {
    identities: all.filter((identity) => !isForSops(identity)),
    looked: ['SOPS_AGE_KEY', ...inFiles.map(({ place }) => place), 'SOPS_AGE_KEY_CMD'],
    forSops: [...variables, ...all.filter(isForSops).map(({ place }) => `the identity in ${place}`)],
    ask: command === '' ? null : async (recipient) => await fromCommand(command, recipient),
  }
}

async function inFile(path: string, place: string) {
  try {
    return { place, found: identitiesIn(await readFile(path, 'utf8'), place) }
  } catch (error) {
    const { code = 'cannot be read' } = error as NodeJS.ErrnoException
    return { place: `${place} (${code === 'ENOENT' ? 'there is no such file' : code})`, found: [] }
  }
}

/** As SOPS does: without a shell, and the recipient is in the environment. */
async function fromCommand(command: string, recipient: string): Promise<readonly AgeIdentity[]> {
  const [program, ...args] = commandWords(command) ?? []
  if (program === undefined) throw commandFailed('it is no command: a quote stays open, or nothing is in it')
  try {
    const env = { ...process.env, SOPS_AGE_RECIPIENT: recipient }
    const { stdout } = await promisify(execFile)(program, args, { env, timeout: 120_000 })
    return identitiesIn(stdout, 'what SOPS_AGE_KEY_CMD prints')
  } catch (error) {
    // Neither the command nor what it prints is shown: either may hold a secret.
    const { code = 'a signal' } = error as { code?: number | string }
    throw commandFailed(code === 'ENOENT' ? 'there is no such program' : `it ended with ${code}`)
  }
}
