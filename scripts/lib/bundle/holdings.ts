/** All contents and secrets of a lab, each held once, and the files that refer to them. */
import { servicePlace, type File, type Finding, type Text } from '../../../renderers/renderer.ts'
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
  for (const part of parts) {
    for (const file of part.files) {
      const text = normalText(file.text)
      contents.set(digestOf(text), text)
      for (const { secret, kind } of secretsOf(text)) {
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
    manifestOf: (file) => manifestOf(file, fingerprint),
  }
}

function manifestOf(file: File, fingerprint: (id: string) => string): FileManifest {
  const { text, ...rest } = file
  const normal = normalText(text)
  const content = digestOf(normal)
  // pmxcfs derives mode and owner from the path, so there they make no difference.
  const access = file.store === 'pmxcfs' ? null : [file.mode, file.owner]
  const ids = [...new Set(secretsOf(normal).map(({ secret }) => secret))].toSorted(byCodeUnits)
  const secrets = Object.fromEntries(ids.map((id) => [id, fingerprint(id)]))
  return { ...rest, content, secrets, renderHash: sha256(canonicalJson({ content, access, secrets })) }
}

function digestOf(text: Text): Sha256 {
  return sha256(canonicalJson(text))
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
