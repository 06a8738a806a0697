/** What has to be done, in pieces that cannot be divided: one part on one host, or on all hosts that share it. */
import type { Effect, Id, Member, Move } from '../../../renderers/renderer.ts'
import type { Change } from '../../../scripts/lib/bundle/change.ts'
import { compare } from '../../../scripts/lib/bundle/compare.ts'
import type { Fall } from './fall.ts'
import type { Makes, Pair } from './facts.ts'
import type { Case } from './lab-case.ts'

export interface Job {
  /** "part@host+host", its hosts sorted. */
  readonly key: string
  readonly part: string
  readonly layer: number
  /** Hosts that are written to, sorted. */
  readonly hosts: readonly string[]
  readonly paths: readonly string[]
  readonly kind: 'new' | 'changed' | 'removed'
  /** Members that it makes. */
  readonly own: readonly Id[]
  /** Everything that is away meanwhile. */
  readonly away: ReadonlySet<Id>
  /** Members that are away, or have lost one of several ways. */
  readonly weak: ReadonlySet<Id>
  /** Members that provide another way to what has lost one. */
  readonly leans: ReadonlySet<Id>
  /** Its hosts change in turn. */
  readonly move: Move | null
}

export function jobsOf(
  lab: Case,
  members: readonly Member[],
  groups: readonly Pair[],
  fall: Fall,
  makes: Makes,
): readonly Job[] {
  const pieces = new Map<string, Change[]>()
  for (const change of compare(lab.before, lab.after)) {
    const wide = partIn(lab, change.host, change.part)?.reach === 'cluster'
    const chief = moveOf(lab, change.part, change.host)?.inCharge
    const key = wide ? change.part : `${change.part}@${chief ?? change.host}`
    pieces.set(key, [...(pieces.get(key) ?? []), change])
  }
  const raised = new Set([...pieces.values()].map(([first]) => first?.part ?? '').filter((part) => carries(part)))
  return [...pieces.values()].map((changes) => jobOf(changes))

  /** Whether a quorum hangs on what the part makes, on whichever host. */
  function carries(part: string): boolean {
    const away = fall(members.filter(({ id }) => makes(part, id) && hasPart(id, part)).map(({ id }) => id))
    return groups.some(({ kind, ids }) => kind === 'quorum' && [...ids].some((id) => away.has(id)))
  }

  function hasPart(member: Id, part: string): boolean {
    const host = members.find(({ id }) => id === member)?.host ?? ''
    return partIn(lab, host, part) !== undefined || partBefore(lab, host, part) !== undefined
  }

  function jobOf(changes: readonly Change[]): Job {
    const { part } = changes[0] as Change
    const hosts = [...new Set(changes.map(({ host }) => host))].toSorted()
    const ownOn = (host: string) => members.filter((member) => member.host === host && makes(part, member.id))
    const fates = hosts.map((host) => fateOf(lab, host, part))
    const leaving = hosts.filter((_, index) => fates[index] === 'removed').flatMap((host) => ownOn(host))
    const started = [...changes.flatMap((change) => effectOf(lab, change).interrupts), ...leaving.map(({ id }) => id)]
    const away = fall(started)
    const weak = members.filter(({ id, needs }) => away.has(id) || needs.flat().some((way) => away.has(way)))
    const manifest = partIn(lab, hosts[0] ?? '', part)
    const layer = manifest?.layer ?? 0
    return {
      key: `${part}@${hosts.join('+')}`,
      part,
      layer: layer === 4 && raised.has(part) ? 6 : layer,
      hosts,
      paths: changes.map(({ host, path }) => `${host}:${path}`).toSorted(),
      kind: new Set(fates).size === 1 ? (fates[0] ?? 'changed') : 'changed',
      own: [...new Set(hosts.flatMap((host) => ownOn(host)).map(({ id }) => id))],
      away,
      weak: new Set(weak.map(({ id }) => id)),
      leans: leansOf(weak, away),
      move: moveOf(lab, part, hosts[0] ?? ''),
    }
  }

  function leansOf(weak: readonly Member[], away: ReadonlySet<Id>): ReadonlySet<Id> {
    const split = weak
      .filter(({ id }) => !away.has(id))
      .flatMap(({ needs }) => needs.filter((ways) => ways.some((id) => away.has(id))))
    const left = new Set(split.flat().filter((id) => !away.has(id)))
    const others = members.filter(({ id, provides }) => !away.has(id) && provides.some((each) => left.has(each)))
    return new Set(others.map(({ id }) => id))
  }
}

function moveOf({ moves = [] }: Case, part: string, host: string): Move | null {
  return moves.find((move) => move.part === part && move.effects[host] !== undefined) ?? null
}

/** As it will be; as it was, where it leaves. */
function partIn(lab: Case, host: string, part: string) {
  return lab.after.hosts[host]?.parts.find(({ id }) => id === part) ?? partBefore(lab, host, part)
}

function partBefore(lab: Case, host: string, part: string) {
  return lab.before.hosts[host]?.parts.find(({ id }) => id === part)
}

function fateOf(lab: Case, host: string, part: string): Job['kind'] {
  if (partBefore(lab, host, part) === undefined) return 'new'
  return lab.after.hosts[host]?.parts.some(({ id }) => id === part) === true ? 'changed' : 'removed'
}

function effectOf(lab: Case, { host, part, path }: Change): Effect {
  const manifest = partIn(lab, host, part)
  if (manifest === undefined) throw new Error(`nobody has ${part}@${host}`)
  if (fateOf(lab, host, part) === 'removed') return manifest.onRemove
  const moved = moveOf(lab, part, host)?.effects[host]
  if (moved !== undefined) return moved
  const files = [...manifest.files, ...(partBefore(lab, host, part)?.files ?? [])]
  return files.find((file) => file.path === path)?.onChange ?? manifest.onRemove
}
