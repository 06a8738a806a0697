/** Where SOPS looks for age identities (getsops.io, age/keysource.go), and what it finds there. */
import { posix } from 'node:path'
import type { AgeIdentity } from './data-key.ts'

/** The environment's variables. */
type Variables = Readonly<Record<string, string | undefined>>

export interface IdentityPlaces {
  /** Files with identities, each with its name for a person. */
  readonly files: readonly { readonly path: string; readonly place: string }[]
  /** What SOPS_AGE_KEY holds. */
  readonly identities: readonly AgeIdentity[]
  /** The command that prints identities, from SOPS_AGE_KEY_CMD; empty where there is none. */
  readonly command: string
  /** The variables that are set and name identities which only the program `sops` gets at. */
  readonly variables: readonly string[]
}

const encrypted = /^\s*(-----BEGIN AGE ENCRYPTED FILE-----|age-encryption\.org\/v1)/
const onlyForSops = ['SOPS_AGE_SSH_PRIVATE_KEY_FILE', 'SOPS_AGE_SSH_PRIVATE_KEY_CMD']

/** SOPS takes all that it finds. `platform`: Node's name of the system. */
export function identityPlaces(variables: Variables, platform: string): IdentityPlaces {
  const inVariable = variables['SOPS_AGE_KEY'] ?? ''
  const named = variables['SOPS_AGE_KEY_FILE'] ?? ''
  const folder = settingsFolder(variables, platform)
  const usual = folder === null ? [] : [posix.join(folder, 'sops/age/keys.txt')]
  return {
    files: [
      ...(named === '' ? [] : [{ path: named, place: `SOPS_AGE_KEY_FILE (${named})` }]),
      ...usual.map((path) => ({ path, place: path })),
    ],
    identities: inVariable.split(/\s*\n\s*/).flatMap((line) => {
      return line.startsWith('#') ? [] : words(line).map((text) => ({ text, place: 'SOPS_AGE_KEY' }))
    }),
    command: variables['SOPS_AGE_KEY_CMD'] ?? '',
    variables: onlyForSops.filter((name) => (variables[name] ?? '') !== ''),
  }
}

/** The identities in a file's text, one a line, each with the line it is in. A file that a passphrase encrypts is one, for SOPS. */
export function identitiesIn(text: string, place: string): readonly AgeIdentity[] {
  if (encrypted.test(text)) return [{ text, place }]
  return text.split('\n').flatMap((line, index) => {
    const identity = line.trim()
    return identity === '' || identity.startsWith('#') ? [] : [{ text: identity, place: `${place}, line ${index + 1}` }]
  })
}

/** Whether only SOPS gets at the identity: a plugin asks a device for it, or a passphrase encrypts it. */
export function isForSops({ text }: AgeIdentity): boolean {
  return text.startsWith('AGE-PLUGIN-') || encrypted.test(text)
}

function settingsFolder(variables: Variables, platform: string): string | null {
  const home = variables['HOME'] ?? ''
  const settings = variables['XDG_CONFIG_HOME'] ?? ''
  if (settings !== '') return settings
  if (home === '') return null
  return posix.join(home, platform === 'darwin' ? 'Library/Application Support' : '.config')
}

function words(line: string): readonly string[] {
  return line.split(/\s+/).filter((word) => word !== '')
}
