/** What a step claims for itself while it lasts; steps whose claims clash are never in one wave. */
import type { Id } from '../../../renderers/renderer.ts'
import { byCodeUnits } from '../bundle/canonical.ts'
import type { Cells } from './cells.ts'
import type { Draft } from './draft.ts'
import { lacks } from './interruption.ts'
import type { World } from './world.ts'

/**
 * By what is claimed: `alone`, or the kind of company that is welcome. Two steps clash when both claim something that one of them wants
 * alone, or that they want in different company.
 */
export type Claims = ReadonlyMap<string, string>

export const alone = ''

/**
 * The hosts it writes on or takes members from; the groups it touches; the members it weakens (two steps could otherwise take one way
 * each from a member that has two); what its own members carry, against the steps that make those; and its place in the
 * cell: one layer at a time, and from the VPN on (layer 4) one step at a time where a group has something to lose.
 */
export function claimsOf(world: World, cellsOfHosts: Cells, draft: Draft): Claims {
  const hosts = hostsOf(world, draft, draft.away)
  const claims = new Map<string, string>()
  for (const member of world.interruption(draft.own, 'doubtful')) claims.set(`member ${member}`, 'carried')
  for (const member of draft.own) claims.set(`member ${member}`, alone)
  for (const host of hosts) claims.set(`host ${host}`, alone)
  for (const group of touchedGroups(world, draft, true)) claims.set(`group ${group}`, alone)
  for (const member of world.near.members(draft.away))
    if (isTouched(member, draft)) claims.set(`way ${member.id}`, alone)
  const risky = draft.layer >= 4 && hosts.some((host) => cellsOfHosts.grouped.has(host))
  for (const host of hosts) claims.set(`cell ${cellsOfHosts.of(host)}`, risky ? alone : `layer ${draft.layer}`)
  if (draft.alone) claims.set(`service ${draft.service}`, alone)
  return claims
}

/** Hosts written to, and those of members in `away`. Sorted. */
export function hostsOf(world: World, draft: Draft, away: ReadonlySet<Id>): readonly string[] {
  const members = [...world.near.members(away)].filter((member) => away.has(member.id))
  const hosts = [...draft.writes.map((write) => write.host), ...members.map((member) => member.host)]
  return [...new Set(hosts)].filter((host) => host !== '').toSorted(byCodeUnits)
}

/**
 * Groups of which the step changes a member's own files, takes a member away or weakens one, and those of the other ways that what it weakens
 * is left with; sorted. `protecting`: leave out those that promise nothing (minimum 0) and are merely carried.
 */
export function touchedGroups(world: World, draft: Draft, protecting: boolean): readonly Id[] {
  if (draft.own.length === 0 && draft.away.size === 0) return []
  const own = new Set(draft.own)
  const leaned = leanedOn(world, draft)
  const seats = [...world.near.seats([...own, ...draft.away, ...leaned])]
  const touched = seats.filter(
    ({ group, member }) =>
      own.has(member.id) ||
      (!(protecting && group.minimum === 0) && (isTouched(member, draft) || leaned.has(member.id))),
  )
  return [...new Set(touched.map(({ group }) => group.id))].toSorted(byCodeUnits)
}

/** Members that provide what is left to those that the step takes one of several ways from. */
function leanedOn(world: World, draft: Draft): ReadonlySet<Id> {
  const touched = [...world.near.members(draft.away)].filter((member) => isTouched(member, draft))
  const weakened = touched.filter((member) => !draft.away.has(member.id))
  const split = weakened.flatMap(({ needs }) => needs.filter((ways) => ways.some((id) => draft.away.has(id))))
  const left = new Set(split.flat().filter((id) => !draft.away.has(id)))
  const providers = [...world.near.members(left)].filter(({ provides }) => provides.some((id) => left.has(id)))
  return new Set(providers.map(({ id }) => id).filter((id) => !draft.away.has(id)))
}

/** Most steps take nothing away, and are asked for each of two thousand members. */
function isTouched(member: World['members'][number], draft: Draft): boolean {
  if (draft.away.size === 0) return false
  return draft.away.has(member.id) || lacks(member, draft.away, 'doubtful')
}
