/** A group without those who are known to be missing. */
import type { Id } from '../../../renderers/renderer.ts'
import type { GroupView } from './groups.ts'
import type { Gone } from './leaving.ts'

/** Who is not there. */
export interface Absent {
  readonly missing: readonly Id[]
  readonly gone: readonly Gone[]
  /** Hosts that count as dead. */
  readonly lost: ReadonlySet<string>
}

/**
 * Nobody is asked for members that are missing or gone: neither they themselves, nor the others by probes that need them. Members on lost
 * hosts stay in the view, where they count as down.
 */
export function present(view: GroupView, { missing, gone, lost }: Absent): GroupView {
  const left = gone.filter(({ group }) => group === view.group.id)
  const all = [...view.group.members, ...view.members, ...left]
  const ids = new Set([...missing, ...left.map(({ id }) => id)])
  // A lost host may be no member any more where it leaves for good, and still stand in the others' old probes.
  const absent = new Set([...all.filter(({ id }) => ids.has(id)).map(({ host }) => host), ...lost])
  if (absent.size === 0) return view
  const members = view.members
    .filter(({ id, host }) => lost.has(host) || !ids.has(id))
    .map((member) => ({ ...member, up: member.up.filter(({ peers = [] }) => !peers.some((peer) => absent.has(peer))) }))
  return { ...view, members }
}
