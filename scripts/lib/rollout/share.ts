/** What one host gets of a step, and what that sets off there. */
import type { Effect, PerHost } from '../../../renderers/renderer.ts'
import { byCodeUnits } from '../bundle/canonical.ts'
import type { Change } from '../bundle/change.ts'
import type { FileManifest, PartManifest } from '../bundle/rendering.ts'
import { grouped } from './grouped.ts'
import { partOf, type World } from './world.ts'

/** Effects by host and part that a transition tells instead of the files' own. */
export type Told = PerHost<Readonly<Record<string, Effect>>>

/** What one host gets, before it is known who goes first. */
export interface Share {
  readonly host: string
  readonly changes: readonly Change[]
  /** Whether the part comes to the host, stays or leaves it. */
  readonly kind: 'new' | 'changed' | 'removed'
  readonly effects: readonly Effect[]
  /** The effects are meant for this host; a cluster's files are made known on one host only. */
  readonly personal: boolean
}

/** The shares of a part's changes, by host; hosts to come last stand at the end. */
export function sharesOf(
  world: World,
  changes: readonly Change[],
  last: readonly string[],
  told: Told,
): readonly Share[] {
  const hosts = [...grouped(changes, (change) => change.host)].toSorted(
    ([a], [b]) => Number(last.includes(a)) - Number(last.includes(b)) || byCodeUnits(a, b),
  )
  return hosts.map(([host, own]) => shareOf(world, host, own, told))
}

function shareOf(world: World, host: string, changes: readonly Change[], told: Told): Share {
  const part = (changes[0] as Change).part
  const old = partOf(world.before.rendering, host, part)
  const young = partOf(world.after.rendering, host, part)
  const sorted = changes.toSorted((a, b) => byCodeUnits(a.path, b.path))
  if (young === undefined) {
    const { onRemove } = manifestOf(world, host, part)
    return { host, changes: sorted, kind: 'removed', effects: [onRemove], personal: true }
  }
  const kind = old === undefined ? 'new' : 'changed'
  const instead = Object.hasOwn(told, host) ? told[host]?.[part] : undefined
  if (instead !== undefined) return { host, changes: sorted, kind, effects: [instead], personal: true }
  const effects = sorted.map((change) => fileOf(world, change).onChange)
  return { host, changes: sorted, kind, effects, personal: false }
}

/** The part as it will be; as it was, where it goes. Throws for a change of a part that neither side has. */
export function manifestOf(world: World, host: string, part: string): PartManifest {
  const manifest = partOf(world.after.rendering, host, part) ?? partOf(world.before.rendering, host, part)
  if (manifest === undefined) throw new Error(`a change belongs to ${part} on ${host}, which neither side has`)
  return manifest
}

/** The file as it will be; as it was, where it goes. Throws for a change of a file that is not there. */
export function fileOf(world: World, change: Change): FileManifest {
  const side = change.kind === 'removed' ? world.before : world.after
  const parts = side.rendering.hosts[change.host]?.parts ?? []
  const file = parts.flatMap((part) => part.files).find(({ path }) => path === change.path)
  if (file === undefined) throw new Error(`a change is about ${change.path} on ${change.host}, which is not there`)
  return file
}
