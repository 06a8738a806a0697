/** A group without those who are known to be missing. */
import type { Id } from '../../../renderers/renderer.ts'
import type { GroupView } from './groups.ts'

/**
 * Nobody is asked for missing members: neither they themselves, nor the others by probes that need them. Members on lost hosts stay in the
 * view, where they count as down.
 */
export function present(view: GroupView, missing: readonly Id[], lost: ReadonlySet<string>): GroupView {
  const all = [...view.group.members, ...view.members]
  const absent = new Set(all.filter(({ id, host }) => missing.includes(id) || lost.has(host)).map(({ host }) => host))
  if (absent.size === 0) return view
  const members = view.members
    .filter(({ id, host }) => lost.has(host) || !missing.includes(id))
    .map((member) => ({ ...member, up: member.up.filter(({ peers = [] }) => !peers.some((peer) => absent.has(peer))) }))
  return { ...view, members }
}
