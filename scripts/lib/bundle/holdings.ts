/** All contents and secrets of a lab, each held once, and the files that refer to them. */
import { servicePlace, type File, type Finding, type SecretHole, type Text } from '../../../renderers/renderer.ts'
import { byCodeUnits, canonicalJson, sha256, sortedEntries } from './canonical.ts'
import type { DeclaredSecret, FileManifest, Rendering, Sha256 } from './rendering.ts'
import type { ServicePart } from './service-part.ts'
import { normalText, secretsOf } from './text.ts'

export interface Holdings extends Pick<Rendering, 'contents' | 'secrets'> {
  readonly findings: readonly Finding[]
  manifestOf(this: void, file: File): FileManifest
}

/** Collects what the parts hold. A secret without a fingerprint counts as "unset". */
export function holdings(parts: readonly ServicePart[], fingerprints: Readonly<Record<string, string>>): Holdings {
  const contents = new Map<Sha256, Text>()
  const secrets = new Map<string, DeclaredSecret>()
  const findings: Finding[] = []
  const fingerprint = (id: string) => (Object.hasOwn(fingerprints, id) ? fingerprints[id] : undefined) ?? 'unset'
  const read = remembered(fingerprint)
  for (const part of parts) {
    for (const file of part.files) {
      const { text, content, holes } = read(file.text)
      contents.set(content, text)
      for (const { secret, kind } of holes) {
        const known = secrets.get(secret)
        if (known === undefined) secrets.set(secret, { kind, fingerprint: fingerprint(secret) })
        else if (known.kind !== kind) findings.push(twoKinds(part, file, secret, [known.kind, kind]))
      }
    }
  }
  return {
    contents: sortedMap(contents),
    secrets: sortedMap(secrets),
    findings,
    manifestOf: (file) => manifestOf(file, read(file.text)),
  }
}

/** What is to be known of a text, whichever files it is the text of. */
interface ReadText {
  readonly text: Text
  readonly content: Sha256
  readonly holes: readonly SecretHole[]
  readonly secrets: FileManifest['secrets']
  /** By mode and owner. */
  readonly renderHashes: Map<string, Sha256>
}

/** Reads every text once: in a full mesh every host holds the file of every other one. */
function remembered(fingerprint: (id: string) => string): (text: Text) => ReadText {
  const known = new Map<Text, ReadText>()
  return (given) => {
    const before = known.get(given)
    if (before !== undefined) return before
    const text = normalText(given)
    const holes = secretsOf(text)
    const ids = [...new Set(holes.map(({ secret }) => secret))].toSorted(byCodeUnits)
    const secrets = Object.fromEntries(ids.map((id) => [id, fingerprint(id)]))
    const read = { text, content: sha256(canonicalJson(text)), holes, secrets, renderHashes: new Map() }
    known.set(given, read)
    return read
  }
}

function manifestOf(file: File, { content, secrets, renderHashes }: ReadText): FileManifest {
  // Field by field: a copy of the rest of an object is several times as slow, and a full mesh has very many files.
  const { path, mode, owner, store, from, onChange, copy } = file
  // pmxcfs derives mode and owner from the path, so there they make no difference.
  const access = file.store === 'pmxcfs' ? null : [file.mode, file.owner]
  const key = JSON.stringify(access)
  const renderHash = renderHashes.get(key) ?? sha256(canonicalJson({ content, access, secrets }))
  renderHashes.set(key, renderHash)
  const manifest = { path, mode, owner, store, from, onChange, content, secrets, renderHash }
  return copy === undefined ? manifest : { ...manifest, copy }
}

function twoKinds(part: ServicePart, file: File, secret: string, kinds: readonly string[]): Finding {
  return {
    rule: 'secret-of-two-kinds',
    severity: 'error',
    at: file.from[0] ?? servicePlace(part.service),
    message: `the secret "${secret}" is used as ${kinds.join(' and as ')} (${file.path})`,
    help: 'use two secrets with different names',
  }
}

function sortedMap<T>(map: ReadonlyMap<string, T>): Readonly<Record<string, T>> {
  return Object.fromEntries(sortedEntries<T>(Object.fromEntries(map)))
}
