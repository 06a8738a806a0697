/** What differs between two renderings, file by file. */
import { byCodeUnits } from './canonical.ts'
import type { Change } from './change.ts'
import type { Bundle, FileManifest, Rendering } from './rendering.ts'

interface Placed {
  readonly file: FileManifest
  readonly service: string
  readonly part: string
}

/**
 * The changes that lead from one rendering to the other, sorted by host and path.
 * A path is one file, whoever writes it: a file that passes to another part is "changed" and belongs to the part that has it now,
 * also with the same bytes, because from now on that part's units depend on it.
 */
export function compare(before: Pick<Rendering, 'hosts'>, after: Pick<Rendering, 'hosts'>): readonly Change[] {
  const hosts = [...new Set([...Object.keys(before.hosts), ...Object.keys(after.hosts)])].toSorted(byCodeUnits)
  return hosts.flatMap((host) => changesOf(host, own(before.hosts, host), own(after.hosts, host)))
}

function changesOf(host: string, before: Bundle | undefined, after: Bundle | undefined): Change[] {
  const old = filesOf(before)
  const young = filesOf(after)
  const paths = [...new Set([...old.keys(), ...young.keys()])].toSorted(byCodeUnits)
  return paths.flatMap((path) => changeOf(host, path, old.get(path), young.get(path)) ?? [])
}

function changeOf(host: string, path: string, old: Placed | undefined, young: Placed | undefined): Change | null {
  const placed = young ?? old
  if (placed === undefined) return null
  const same = old?.file.renderHash === young?.file.renderHash && old?.part === young?.part
  if (same) return null
  return {
    host,
    path,
    service: placed.service,
    part: placed.part,
    kind: old === undefined ? 'new' : young === undefined ? 'removed' : 'changed',
    before: old?.file.renderHash ?? null,
    after: young?.file.renderHash ?? null,
    contentBefore: old?.file.content ?? null,
    contentAfter: young?.file.content ?? null,
  }
}

function filesOf(bundle: Bundle | undefined): ReadonlyMap<string, Placed> {
  const parts = bundle?.parts ?? []
  return new Map(
    parts.flatMap((part) => part.files.map((file) => [file.path, { file, service: part.service, part: part.id }])),
  )
}

function own(hosts: Rendering['hosts'], host: string): Bundle | undefined {
  return Object.hasOwn(hosts, host) ? hosts[host] : undefined
}
