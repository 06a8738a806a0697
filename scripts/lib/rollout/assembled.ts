/** Drafts in waves → steps with their numbers: margins, gates and what has to be whole afterwards. */
import type { Id, Move } from '../../../renderers/renderer.ts'
import { byCodeUnits } from '../bundle/canonical.ts'
import { canaries, canaryReason } from './canary.ts'
import { hostsOf, touchedGroups } from './claims.ts'
import type { Draft } from './draft.ts'
import { lockOuts, waysIn } from './management-path.ts'
import { type Margin, marginIn } from './margin.ts'
import type { Order } from './order.ts'
import { isEstablished, type Progress, progress } from './progress.ts'
import { reasons } from './reasons.ts'
import { outage } from './refusal.ts'
import type { GroupMargin, Lockstep, Refusal, Step } from './rollout.ts'
import { groupIds, type World } from './world.ts'

export interface Assembled {
  readonly waves: readonly (readonly Step[])[]
  readonly refusals: readonly Refusal[]
}

export function assembled(world: World, waves: readonly (readonly Draft[])[], order: Order): Assembled {
  const all = waves.flat()
  const ids = new Map(all.map((draft, index) => [draft, index + 1]))
  const completed = completions(world, all)
  const margins = marginIn(world, order.lost ?? [])
  const ways = waysIn(world, all)
  const behind = canaries(all, ways)
  const refusals: Refusal[] = [...lockOuts(ways, order)]
  const done = new Set<Draft>()
  const steps = waves.map((wave) => {
    const now = progress(world, all, done)
    const made = wave.map((draft): Step => {
      const told = marginsOf(world, now, margins(draft.away), draft)
      const groups = told.map(({ margin }) => margin)
      refusals.push(...refused(world, draft, told, order))
      // What is below its minimum already, and accepted, cannot be asked to be whole.
      const below = groups.filter((margin) => margin.before < margin.needs).map((margin) => margin.group)
      const gate = groups.map((margin) => margin.group).filter((group) => !below.includes(group))
      const completes = (completed.get(draft) ?? []).filter((group) => !below.includes(group))
      return {
        id: ids.get(draft) ?? 0,
        service: draft.service,
        part: draft.part,
        layer: draft.layer,
        writes: draft.writes,
        ...reach(world, now, draft),
        maxSeconds: draft.maxSeconds,
        groups,
        gate,
        missing: sorted(gate.flatMap((group) => now.missing(group))),
        whole: sorted([...gate, ...completes]),
        completes: sorted(completes),
        ways: ways.get(draft) ?? [],
        because: [...reasons(world, draft, all, order.last), ...canaryReason(draft, behind)],
        ...(draft.move === null ? {} : { lockstep: lockstepOf(draft.move, draft) }),
      }
    })
    for (const draft of wave) done.add(draft)
    return made
  })
  return { waves: steps, refusals }
}

/** Whoever has nothing to write is not stopped either. */
function lockstepOf({ inCharge, isLast, stop, apartSeconds }: Move, { writes }: Draft): Lockstep {
  const stopped = Object.entries(stop).filter(([host]) => writes.some((write) => write.host === host))
  return { inCharge, ...(isLast === undefined ? {} : { isLast }), stop: Object.fromEntries(stopped), apartSeconds }
}

/** `total`: votes or members that the group has when all are there. */
interface Told {
  readonly margin: GroupMargin
  readonly total: number
}

function marginsOf(world: World, now: Progress, margin: Margin, draft: Draft): readonly Told[] {
  const touched = touchedGroups(world, draft, false).filter((group) => isEstablished(world, group))
  return touched.map((group) => {
    const kind = world.before.groups.get(group)?.kind ?? 'pool'
    const told = now.demands(group, draft).map(({ standing, needs, total }): Told => {
      const before = [...standing.values()].reduce((sum, each) => sum + each, 0)
      return { margin: { group, kind, before, needs, ...margin(standing, needs) }, total }
    })
    // Of two demands that both hold, the tighter one is told.
    return told.toSorted((a, b) => a.margin.margin - b.margin.margin || spare(a.margin) - spare(b.margin))[0] as Told
  })
}

function spare({ during, needs }: GroupMargin): number {
  return during - needs
}

function refused(world: World, draft: Draft, told: readonly Told[], order: Order): readonly Refusal[] {
  return told
    .filter(({ margin }) => margin.during < margin.needs && !order.acceptOutage?.includes(margin.group))
    .map(({ margin, total }) => outage(draft, margin, total, world.before.groups.get(margin.group)?.waysOut ?? []))
}

/** What is interrupted of that which is there by then: what is still to come has nothing to lose. */
function reach(world: World, now: Progress, draft: Draft): Pick<Step, 'affects' | 'interrupts'> {
  const near = [...world.near.members(draft.away)]
  const touched = near.filter(({ id, provides }) => [id, ...provides].some((each) => draft.away.has(each)))
  const there = touched.filter(({ id }) => world.before.inPlace.has(id) || now.isThere(id))
  const known = new Set(touched.flatMap((member) => [member.id, ...member.provides]))
  const today = new Set(there.flatMap((member) => [member.id, ...member.provides]))
  const interrupts = [...draft.away].filter((id) => today.has(id) || !known.has(id))
  return { affects: hostsOf(world, draft, new Set(interrupts)), interrupts: sorted(interrupts) }
}

/** The groups of the new side by the step after which none of their members changes any more. */
function completions(world: World, all: readonly Draft[]): ReadonlyMap<Draft, readonly Id[]> {
  const completed = new Map<Draft, Id[]>()
  for (const id of groupIds(world)) {
    const after = world.after.groups.get(id)
    if (after === undefined) continue
    const members = new Set(
      [...after.members, ...(world.before.groups.get(id)?.members ?? [])].map((member) => member.id),
    )
    const final = all.findLast((draft) => draft.own.some((own) => members.has(own)))
    if (final !== undefined) completed.set(final, [...(completed.get(final) ?? []), id])
  }
  return completed
}

function sorted(ids: readonly Id[]): readonly Id[] {
  return [...new Set(ids)].toSorted(byCodeUnits)
}
