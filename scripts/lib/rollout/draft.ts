/** Changes put together to steps, not yet in an order. */
import type { Effect, Id, Layer, Move } from '../../../renderers/renderer.ts'
import { byCodeUnits, canonicalJson } from '../bundle/canonical.ts'
import type { Change } from '../bundle/change.ts'
import type { PartManifest } from '../bundle/rendering.ts'
import { mergedActs } from './acts.ts'
import { grouped } from './grouped.ts'
import type { Write } from './rollout.ts'
import { fileOf, manifestOf, type Share, sharesOf, type Told } from './share.ts'
import { membersOf, type World } from './world.ts'

export interface Draft {
  readonly service: string
  readonly part: string
  readonly layer: Layer
  readonly reach: PartManifest['reach']
  /** Whether the part comes to its hosts, stays or leaves them. */
  readonly kind: Share['kind']
  readonly writes: readonly Write[]
  /** Members that the written parts make, of both sides. */
  readonly own: readonly Id[]
  /** Everything that is away meanwhile, carried members included, of both sides. */
  readonly away: ReadonlySet<Id>
  readonly maxSeconds: number
  /** Made by another version of its renderer: no second host of the service meanwhile. */
  readonly alone: boolean
  /** Its hosts change in turn; null where it does not matter who is first. */
  readonly move: Move | null
}

/** The drafts of one service's changes: one per host and part, or one where a part reaches the whole cluster or several hosts move together. */
export function drafts(
  world: World,
  changes: readonly Change[],
  last: readonly string[],
  told: Told,
  alone: boolean,
  moves: readonly Move[] = [],
): readonly Draft[] {
  const parts = grouped(changes, (change) => {
    const reach = manifestOf(world, change.host, change.part).reach
    const hosts = reach === 'cluster' ? '' : (moveOf(moves, change)?.inCharge ?? change.host)
    return canonicalJson([change.service, change.part, hosts])
  })
  const changed = new Set(changes.map((change) => change.part))
  const carriers = new Set([...changed].filter((part) => carriesQuorum(world, part)))
  return [...parts.values()].map((own) => {
    const move = moveOf(moves, own[0] as Change)
    return draftOf(world, own, last, move === null ? told : toldIn(move), { alone, carriers, move })
  })
}

function moveOf(moves: readonly Move[], { host, part }: Change): Move | null {
  return moves.find((move) => move.part === part && Object.hasOwn(move.effects, host)) ?? null
}

function toldIn({ part, effects }: Move): Told {
  return Object.fromEntries(Object.entries(effects).map(([host, effect]) => [host, { [part]: effect }]))
}

/** What holds for all steps of a service. `carriers`: its parts that carry a quorum, on whichever host. */
interface Common {
  readonly alone: boolean
  readonly carriers: ReadonlySet<string>
  readonly move: Move | null
}

function draftOf(
  world: World,
  changes: readonly Change[],
  last: readonly string[],
  told: Told,
  { alone, carriers, move }: Common,
): Draft {
  const { service, part, host } = changes[0] as Change
  const shares = chiefFirst(sharesOf(world, changes, last, told), move)
  const own = [...new Set(shares.flatMap((share) => membersOf(world, share.host, part)))].toSorted(byCodeUnits)
  const leaving = shares.flatMap((share) => (share.kind === 'removed' ? membersOf(world, share.host, part) : []))
  const interrupts = shares.flatMap((share) => share.effects.flatMap((effect) => effect.interrupts))
  const kinds = new Set(shares.map((share) => share.kind))
  const manifest = manifestOf(world, host, part)
  return {
    service,
    part,
    layer: manifest.layer === 4 && carriers.has(part) ? 6 : manifest.layer,
    reach: manifest.reach,
    kind: kinds.size === 1 ? (shares[0] as Share).kind : 'changed',
    writes: manifest.reach === 'cluster' ? clusterWrites(world, shares) : shares.map(writeOf),
    own,
    away: world.interruption([...interrupts, ...leaving]),
    maxSeconds: Math.max(...shares.map((share) => seconds(share.effects))),
    alone,
    move,
  }
}

function chiefFirst(shares: readonly Share[], move: Move | null): readonly Share[] {
  const isChief = ({ host }: Share) => host === move?.inCharge
  return [...shares.filter(isChief), ...shares.filter((share) => !isChief(share))]
}

function writeOf(share: Share): Write {
  return { host: share.host, changes: share.changes, acts: mergedActs(share.effects.map((effect) => effect.acts)) }
}

/**
 * The first host that keeps the part writes what all share, and is told; one that has it already goes before those it comes to, where nothing runs
 * yet. The others write what is on their own disks.
 */
function clusterWrites(world: World, shares: readonly Share[]): readonly Write[] {
  const first = shares.find(({ kind }) => kind === 'changed') ?? shares.find(({ kind }) => kind === 'new') ?? shares[0]
  const taken = new Set<string>()
  return [first as Share, ...shares.filter((share) => share !== first)].map((share) => {
    const changes = share.changes.filter((change) => {
      if (fileOf(world, change).store === 'disk') return true
      if (taken.has(change.path) || (change.kind === 'removed' && isShared(world, change.path))) return false
      taken.add(change.path)
      return true
    })
    const told = share === first || share.personal ? share.effects : []
    return writeOf({ ...share, changes, effects: told })
  })
}

/** Whether somebody still has the file that a host which leaves must not take away from all. */
function isShared(world: World, path: string): boolean {
  const bundles = Object.values(world.after.rendering.hosts)
  return bundles.some((bundle) => bundle.parts.some((part) => part.files.some((file) => file.path === path)))
}

/** Units are told one after another, so different effects add up; equal ones are one. */
function seconds(effects: readonly Effect[]): number {
  const longest = new Map<string, number>()
  for (const effect of effects) {
    const acts = canonicalJson(effect.acts)
    longest.set(acts, Math.max(longest.get(acts) ?? 0, effect.maxSeconds))
  }
  return [...longest.values()].reduce((sum, each) => sum + each, 0)
}

/** Whether a quorum hangs on members that the part makes. */
function carriesQuorum(world: World, part: string): boolean {
  const hosts = new Set(world.members.map((member) => member.host))
  const reached = world.interruption([...hosts].flatMap((host) => membersOf(world, host, part)))
  return [world.before, world.after].some((side) =>
    [...side.groups.values()].some(
      (group) => group.kind === 'quorum' && group.members.some((member) => reached.has(member.id)),
    ),
  )
}
