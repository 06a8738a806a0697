/** Which changes are still to be made, and which files are somebody else's. */
import type { Id } from '../../../renderers/renderer.ts'
import type { Change } from '../bundle/change.ts'
import type { Secrets } from '../bundle/fill.ts'
import type { Bundle, FileManifest, Rendering } from '../bundle/rendering.ts'
import type { Facts, Managed } from './inspect.ts'
import { wantedFile, type WantedFile } from './wanted.ts'

export interface Assessment {
  /** What has to be written or removed. */
  readonly changes: readonly Change[]
  /** By host: files that are on disk already as wanted, and only have to be written down. */
  readonly kept: Readonly<Record<string, readonly WantedFile[]>>
  /** Files on disk that we never wrote, and whose content is not the wanted one: "host:path". */
  readonly foreign: readonly string[]
  /** Files that somebody edited or removed since we wrote them. */
  readonly drifted: readonly Drift[]
}

export interface Drift {
  readonly host: string
  readonly path: string
  readonly kind: 'edited' | 'mode' | 'missing'
}

/**
 * Looks at every change with the eyes of its host. `serials`: by name the number that is live now.
 * A drifted file that nothing would change otherwise becomes a change when `override` names it.
 * Without `secrets` a file that holds one is the wanted one only where its host says so, by its public hash.
 */
export function assess(
  facts: ReadonlyMap<string, Facts>,
  target: Rendering,
  changes: readonly Change[],
  secrets: Secrets | null,
  serials: Readonly<Record<Id, number>>,
  override: readonly string[],
): Assessment {
  const drifted = driftOf(facts)
  const kept: Record<string, WantedFile[]> = {}
  const foreign: string[] = []
  const open: Change[] = []
  for (const change of [...changes, ...overridden(facts, target, changes, drifted, override)]) {
    const host = facts.get(change.host)
    const bundle = target.hosts[change.host]
    if (host === undefined) continue
    const file = bundle === undefined ? null : fileIn(bundle, change.path)
    if (file !== null) {
      const wanted =
        secrets === null && hasSecrets(file) ? null : wantedFile(target, file, secrets ?? noSecrets, serials)
      if (wanted !== null && isThere(host, wanted)) {
        kept[change.host] = [...(kept[change.host] ?? []), wanted]
        continue
      }
      if (wanted === null && isReported(host, file)) continue
      if (host.paths[change.path]?.kind !== 'absent' && !isOurs(facts, file, change.host)) {
        foreign.push(`${change.host}:${change.path}`)
      }
    }
    open.push(change)
  }
  return { changes: open, kept, foreign, drifted }
}

/** For files without any; a run that applies has read them all. */
export const noSecrets: Secrets = {
  value(id) {
    throw new Error(`the secret "${id}" was not read`)
  },
  seen: () => [],
}

function hasSecrets({ secrets }: FileManifest): boolean {
  return Object.keys(secrets).length > 0
}

function isReported({ managed }: Facts, { path, renderHash }: FileManifest): boolean {
  return managed.some((each) => each.path === path && each.renderHash === renderHash && each.intact === 'yes')
}

/** Every file that is not as we wrote it. What all nodes share is as written when one of them finds it so. */
export function driftOf(facts: ReadonlyMap<string, Facts>): readonly Drift[] {
  const all = [...facts.values()].flatMap(({ host, managed }) => managed.map((file) => ({ host, file })))
  const shared = new Set(
    all.filter(({ file }) => file.store === 'pmxcfs' && file.intact === 'yes').map(({ file }) => file.path),
  )
  return all.flatMap(({ host, file }) =>
    file.intact === 'yes' || shared.has(file.path) ? [] : [{ host, path: file.path, kind: file.intact }],
  )
}

/** The live numbers: the highest that any host has. */
export function liveSerials(facts: ReadonlyMap<string, Facts>, ids: Readonly<Record<string, Id>>): Record<Id, number> {
  const numbers: Record<Id, number> = {}
  for (const { serials } of facts.values()) {
    for (const [path, number] of Object.entries(serials)) {
      const id = ids[path]
      if (id !== undefined) numbers[id] = Math.max(numbers[id] ?? 0, number)
    }
  }
  return numbers
}

/** Whether the file on disk is the wanted one, mode and owner included. */
export function isThere(host: Facts, wanted: WantedFile): boolean {
  const fact = host.paths[wanted.file.path]
  if (fact?.kind !== 'file' || fact.content !== wanted.hash) return false
  return wanted.file.store === 'pmxcfs' || (fact.mode === wanted.file.mode && fact.owner === wanted.file.owner)
}

export function fileIn(bundle: Bundle, path: string): FileManifest | null {
  return bundle.parts.flatMap((part) => part.files.filter((file) => file.path === path))[0] ?? null
}

function isOurs(facts: ReadonlyMap<string, Facts>, file: FileManifest, host: string): boolean {
  const manages = (managed: readonly Managed[]) => managed.some((each) => each.path === file.path)
  if (file.store === 'pmxcfs') return [...facts.values()].some(({ managed }) => manages(managed))
  return manages(facts.get(host)?.managed ?? [])
}

function overridden(
  facts: ReadonlyMap<string, Facts>,
  target: Rendering,
  changes: readonly Change[],
  drifted: readonly Drift[],
  override: readonly string[],
): readonly Change[] {
  const known = new Set(changes.map((change) => `${change.host}:${change.path}`))
  return drifted.flatMap(({ host, path }) => {
    const bundle = target.hosts[host]
    const part = bundle?.parts.find((each) => each.files.some((file) => file.path === path))
    const file = part?.files.find((each) => each.path === path)
    const before = facts.get(host)?.managed.find((each) => each.path === path)
    if (known.has(`${host}:${path}`) || !override.includes(`${host}:${path}`)) return []
    if (part === undefined || file === undefined || before === undefined) return []
    const hashes = {
      before: before.renderHash,
      after: file.renderHash,
      contentBefore: file.content,
      contentAfter: file.content,
    }
    return [{ host, path, service: part.service, part: part.id, kind: 'changed' as const, ...hashes }]
  })
}
