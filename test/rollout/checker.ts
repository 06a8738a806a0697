/**
 * Judges a rollout by the rules that it has to keep. Shares no code with the planner: it works from the two renderings, naively, and believes
 * nothing that the rollout says of itself.
 */
import type { Group, Id, Member } from '../../renderers/renderer.ts'
import type { Change } from '../../scripts/lib/bundle/change.ts'
import type { PartManifest, Rendering } from '../../scripts/lib/bundle/rendering.ts'
import type { Rollout, Step } from '../../scripts/lib/rollout/rollout.ts'

export interface Judged {
  readonly before: Rendering
  readonly after: Rendering
  readonly changes: readonly Change[]
  readonly last: readonly string[]
  /** Hosts that count as dead. */
  readonly lost: readonly string[]
}

/** Everything that is wrong with it, in sentences; empty where it is right. */
export function violations(lab: Judged, rollout: Rollout): readonly string[] {
  const facts = factsOf(lab)
  return [
    ...onceEach(lab, rollout),
    ...safe(facts, rollout),
    ...numbers(facts, rollout),
    ...inOrder(facts, rollout),
    ...tightWaves(facts, rollout),
    ...gates(facts, rollout),
  ]
}

/** Whether one change alone, whatever the order, takes a group below what it needs. For labs whose groups stay as they are. */
export function isHopeless(lab: Judged): boolean {
  const facts = factsOf(lab)
  const alone = new Map<string, Change[]>()
  for (const change of lab.changes) {
    const reach = facts.part(change.host, change.part)?.reach
    const key = reach === 'cluster' ? change.part : `${change.part} ${change.host}`
    alone.set(key, [...(alone.get(key) ?? []), change])
  }
  return [...alone.values()].some((own) => {
    const away = facts.closure(own.flatMap((change) => facts.interrupts(change)))
    const made = own.map(({ part, host }) => `${part}@${host}`)
    return facts
      .groups('before')
      .filter((group) => touches(group, away, made))
      .some((group) => weigh(group, (id) => !away.has(id) && !facts.gone.has(id)) < group.minimum)
  })
}

interface Facts extends Judged {
  groups(side: 'before' | 'after'): readonly Group[]
  readonly members: readonly Member[]
  part(host: string, part: string): PartManifest | undefined
  has(side: 'before' | 'after', id: Id): boolean
  interrupts(change: Change): readonly Id[]
  /** Without what is gone with the lost hosts. */
  closure(start: readonly Id[], anyWay?: boolean): ReadonlySet<Id>
  readonly gone: ReadonlySet<Id>
  /** Cells by host, once they are known. */
  readonly cells: Map<string, string>
  /** The member that a step's parts are. */
  own(step: Step): readonly Id[]
}

function factsOf(lab: Judged): Facts {
  const groups = (side: 'before' | 'after') => {
    const found = new Map<Id, Group>()
    for (const bundle of Object.values(lab[side].hosts)) for (const group of bundle.groups) found.set(group.id, group)
    return [...found.values()]
  }
  const partIn = (side: 'before' | 'after', host: string, part: string) =>
    lab[side].hosts[host]?.parts.find((each) => each.id === part)
  const members = [...groups('before'), ...groups('after')].flatMap((group) => group.members)
  const fallen = (start: readonly Id[], anyWay: boolean) => {
    const away = new Set(start)
    for (let size = -1; size !== away.size;) {
      size = away.size
      for (const member of members) {
        const cut = member.needs.some((ways) =>
          anyWay ? ways.some((id) => away.has(id)) : ways.length > 0 && ways.every((id) => away.has(id)),
        )
        if (cut) away.add(member.id)
        if (away.has(member.id)) for (const id of member.provides) away.add(id)
      }
    }
    return away
  }
  const gone = fallen(
    lab.lost.flatMap((host) => death(members, host)),
    false,
  )
  return {
    ...lab,
    gone,
    groups,
    members,
    cells: new Map(),
    part: (host, part) => partIn('after', host, part) ?? partIn('before', host, part),
    // In these labs a member is called like the part that makes it.
    has: (side, id) => partIn(side, id.split('@')[1] ?? '', id.split('@')[0] ?? '') !== undefined,
    interrupts: (change) => {
      const young = partIn('after', change.host, change.part)
      const old = partIn('before', change.host, change.part)
      if (young === undefined) return [`${change.part}@${change.host}`, ...(old?.onRemove.interrupts ?? [])]
      const file = [...young.files, ...(old?.files ?? [])].find((each) => each.path === change.path)
      return file?.onChange.interrupts ?? []
    },
    closure: (start, anyWay = false) => {
      const away = fallen(anyWay ? start : [...start, ...gone], anyWay)
      for (const id of gone) away.delete(id)
      return away
    },
    own: (step) => {
      const ids = step.writes.map((write) => `${step.part}@${write.host}`)
      return ids.filter((id) => members.some((member) => member.id === id))
    },
  }
}

/** Whether a member is away, has lost one way to what it needs, or is written to. */
function touches(group: Group, away: ReadonlySet<Id>, made: readonly Id[]): boolean {
  return group.members.some(
    ({ id, needs }) => made.includes(id) || away.has(id) || needs.some((ways) => ways.some((way) => away.has(way))),
  )
}

/** Whether the group worked before hosts were lost. */
function worked(facts: Facts, group: Group): boolean {
  const there = group.members.filter(({ id }) => facts.has('before', id))
  return there.length > 0 && weigh(group, (id) => facts.has('before', id)) >= group.minimum
}

function weigh(group: Group, isThere: (id: Id) => boolean): number {
  return group.members
    .filter((member) => isThere(member.id))
    .reduce((sum, member) => sum + (group.kind === 'quorum' ? member.votes : 1), 0)
}

function awayIn(facts: Facts, steps: readonly Step[]): ReadonlySet<Id> {
  const changes = steps.flatMap((step) => step.writes.flatMap((write) => write.changes))
  return facts.closure(changes.flatMap((change) => facts.interrupts(change)))
}

function onceEach(lab: Judged, rollout: Rollout): readonly string[] {
  const key = (change: Change) => `${change.host}:${change.path}`
  const planned = rollout.waves.flatMap((wave) => wave.flatMap((step) => step.writes.flatMap((write) => write.changes)))
  const wanted = lab.changes.map(key).toSorted().join(' ')
  const got = planned.map(key).toSorted().join(' ')
  return wanted === got ? [] : [`changes: wanted ${wanted}, got ${got}`]
}

/** The members of a group that are there when a wave starts, by the steps of the waves before it. */
function standing(facts: Facts, group: Id, doneSteps: readonly Step[]): readonly Member[] {
  const done = new Set(doneSteps.flatMap((step) => facts.own(step)))
  const ids = new Map<Id, Member>()
  for (const side of ['after', 'before'] as const) {
    for (const member of facts.groups(side).find((each) => each.id === group)?.members ?? []) ids.set(member.id, member)
  }
  return [...ids.values()].filter(({ id }) => !facts.gone.has(id) && facts.has(done.has(id) ? 'after' : 'before', id))
}

/** At any moment of a wave, with all its steps at their worst at once. */
function safe(facts: Facts, rollout: Rollout): readonly string[] {
  return rollout.waves.flatMap((wave, index) => {
    const away = awayIn(facts, wave)
    const done = rollout.waves.slice(0, index).flat()
    const own = wave.flatMap((step) => facts.own(step))
    const held = facts.groups('before').filter((group) => worked(facts, group) && touches(group, away, own))
    return held.flatMap((group) => {
      const after = facts.groups('after').find((each) => each.id === group.id)
      const needs = Math.min(group.minimum, after?.minimum ?? 0)
      const there = standing(facts, group.id, done).filter((member) => !away.has(member.id))
      const sum = there.reduce((total, member) => total + (group.kind === 'quorum' ? member.votes : 1), 0)
      return sum < needs ? [`wave ${index + 1} leaves ${group.id} with ${sum}, needs ${needs}`] : []
    })
  })
}

/** What the steps say of the groups' margins, recounted over every set of hosts that could die. */
function numbers(facts: Facts, rollout: Rollout): readonly string[] {
  const hosts = [...new Set(facts.members.flatMap((member) => [member.host, ...member.needs.flat().map(hostIn)]))]
  return rollout.waves.flatMap((wave, index) => {
    const done = rollout.waves.slice(0, index).flat()
    return wave.flatMap((step) =>
      step.groups.flatMap((told) => {
        const members = standing(facts, told.group, done)
        const count = (away: ReadonlySet<Id>) =>
          members.reduce((sum, each) => sum + (away.has(each.id) ? 0 : told.kind === 'quorum' ? each.votes : 1), 0)
        const start = step.writes.flatMap((write) => write.changes.flatMap((change) => facts.interrupts(change)))
        const left = (dead: readonly string[]) =>
          count(facts.closure([...start, ...dead.flatMap((host) => death(facts.members, host))]))
        const wrong = told.before !== count(new Set()) || told.during !== left([])
        // Cells have nothing to do with each other, so nobody in another one matters.
        const near = hosts.filter((host) => host.startsWith(members[0]?.host.slice(0, 1) ?? ''))
        const fatal = told.needs === 0 ? undefined : smallest(near, (dead) => left(dead) < told.needs)
        const margin = fatal === undefined ? null : fatal - 1
        return [
          ...(wrong ? [`step ${step.id} miscounts ${told.group}`] : []),
          ...(margin !== null && margin !== told.margin
            ? [`step ${step.id}: ${told.group} margin ${told.margin}, is ${margin}`]
            : []),
        ]
      }),
    )
  })
}

function hostIn(id: Id): string {
  return id.split('@')[1] ?? ''
}

function death(members: readonly Member[], host: string): readonly Id[] {
  const ids = members.flatMap((member) => [member.id, ...member.provides, ...member.needs.flat()])
  return ids.filter((id) => hostIn(id) === host)
}

/** The size of the smallest set for which it holds. */
function smallest(hosts: readonly string[], holds: (set: readonly string[]) => boolean): number | undefined {
  const sets = Array.from({ length: 2 ** hosts.length }, (_, bits) =>
    hosts.filter((_host, index) => bits & (1 << index)),
  )
  return sets.toSorted((a, b) => a.length - b.length).find((set) => holds(set))?.length
}

/** Layers, order inside a group, hosts to come last, and nothing before what it stands on. */
function inOrder(facts: Facts, rollout: Rollout): readonly string[] {
  const waveOf = new Map(rollout.waves.flatMap((wave, index) => wave.map((step) => [step, index] as const)))
  const steps = [...waveOf.keys()]
  const kindOf = (step: Step) => {
    const { host, part } = step.writes[0]?.changes[0] ?? { host: '', part: '' }
    const sides = (['before', 'after'] as const).map((side) =>
      facts[side].hosts[host]?.parts.some((each) => each.id === part),
    )
    return sides[0] ? (sides[1] ? 'changed' : 'removed') : 'new'
  }
  const still = steps.every((step) => kindOf(step) === 'changed')
  const found: string[] = []
  for (const a of steps) {
    for (const b of steps) {
      const earlier = (waveOf.get(a) ?? 0) < (waveOf.get(b) ?? 0)
      const later = (waveOf.get(a) ?? 0) > (waveOf.get(b) ?? 0)
      const say = (what: string) =>
        found.push(`${what}: ${a.part}@${a.writes[0]?.host}, ${b.part}@${b.writes[0]?.host}`)
      const riskA = layer(facts, a)
      const riskB = layer(facts, b)
      if (still && a !== b && cell(facts, a) === cell(facts, b) && riskA < riskB && !earlier) say('not by layer')
      if (a.part === b.part && kindOf(a) === kindOf(b) && a !== b) {
        const [lastA, lastB] = [a, b].map((step) => step.writes.some((write) => facts.last.includes(write.host)))
        if (lastA && !lastB && earlier) say('a host to come last is early')
        const [chiefA, chiefB] = [a, b].map((step) => takesTheChief(facts, step))
        if (lastA === lastB && chiefA && !chiefB && earlier) say('the one in charge goes before the others')
        if (lastA === lastB && chiefA === chiefB && ranked(facts, a, b) && later) say('against the order of the group')
      }
      if (kindOf(a) === 'new' && kindOf(b) !== 'removed' && stands(facts, b, a) && !earlier)
        say('before what it stands on')
      if (kindOf(b) === 'removed' && stands(facts, a, b) && !earlier) say('after what it stood on')
    }
  }
  return found
}

function layer(facts: Facts, step: Step): number {
  const host = step.writes[0]?.host ?? ''
  const own = facts.part(host, step.part)?.layer ?? 0
  const all = facts.members.map((member) => member.id).filter((id) => id.startsWith(`${step.part}@`))
  const away = facts.closure(all)
  const groups = [...facts.groups('before'), ...facts.groups('after')].filter((group) => group.kind === 'quorum')
  return own === 4 && groups.some((group) => group.members.some((member) => away.has(member.id))) ? 6 : own
}

/** Whether the last member of a pool that needs only one of several is away during the step. */
function takesTheChief(facts: Facts, step: Step): boolean {
  const chiefs = facts
    .groups('before')
    .filter((group) => group.kind === 'pool' && group.minimum === 1 && group.members.length > 1)
    .map((group) => group.members.findLast(({ id }) => !facts.gone.has(id))?.id)
  const leaving = step.writes.flatMap(({ changes }) => changes.flatMap((change) => facts.interrupts(change)))
  const away = facts.closure(leaving)
  return chiefs.some((id) => id !== undefined && away.has(id))
}

function ranked(facts: Facts, a: Step, b: Step): boolean {
  const [ownA, ownB] = [a, b].map((step) => facts.own(step)[0])
  return facts.groups('before').some((group) => {
    const ids = group.members.map((member) => member.id)
    const [first, second] = [ids.indexOf(ownA ?? ''), ids.indexOf(ownB ?? '')]
    return group.minimum > 0 && first >= 0 && second >= 0 && first < second
  })
}

function stands(facts: Facts, user: Step, carrier: Step): boolean {
  if (user === carrier || user.part === carrier.part) return false
  const away = facts.closure(facts.own(carrier), true)
  return facts.own(user).some((id) => away.has(id))
}

/** In these labs a host's first letter is its cell, unless nothing ties it to others. */
function cell(facts: Facts, step: Step): string {
  const host = step.writes[0]?.host ?? ''
  const known = facts.cells.get(host)
  if (known !== undefined) return known
  const found = cellOf(facts, host)
  facts.cells.set(host, found)
  return found
}

function cellOf(facts: Facts, start: string): string {
  const tied = new Set([start])
  const groups = [...facts.groups('before'), ...facts.groups('after')].filter((group) => group.minimum > 0)
  for (let size = -1; size !== tied.size;) {
    size = tied.size
    for (const group of groups) {
      const hosts = group.members.map((member) => member.host)
      if (hosts.some((host) => tied.has(host))) for (const host of hosts) tied.add(host)
    }
    for (const member of facts.members) {
      const hosts = [member.host, ...member.needs.flat().map(hostIn)]
      if (hosts.some((host) => tied.has(host))) for (const host of hosts) tied.add(host)
    }
  }
  return [...tied].toSorted()[0] ?? ''
}

/** No step of a wave disturbs another one, and none could stand in the wave before. */
function tightWaves(facts: Facts, rollout: Rollout): readonly string[] {
  return rollout.waves.flatMap((wave, index) => {
    const before = rollout.waves[index - 1]
    return wave.flatMap((step) => [
      ...wave
        .filter((other) => other.id > step.id && disturb(facts, step, other))
        .map((other) => `steps ${step.id} and ${other.id} disturb each other`),
      ...(before !== undefined && !before.some((other) => disturb(facts, step, other))
        ? [`step ${step.id} could come earlier`]
        : []),
    ])
  })
}

function disturb(facts: Facts, a: Step, b: Step): boolean {
  const [x, y] = [footprint(facts, a), footprint(facts, b)]
  const common = (left: ReadonlySet<string>, right: ReadonlySet<string>) => [...left].some((each) => right.has(each))
  if (common(x.hosts, y.hosts) || common(x.groups, y.groups) || common(x.weak, y.weak)) return true
  if (common(x.own, y.carried) || common(y.own, x.carried)) return true
  if (!common(x.cells, y.cells)) return false
  return x.layer !== y.layer || (x.layer >= 4 && (x.guarded || y.guarded))
}

function footprint(facts: Facts, step: Step) {
  const away = awayIn(facts, [step])
  const own = new Set(facts.own(step))
  const weak = new Set(
    facts.members
      .filter((member) => away.has(member.id) || member.needs.some((ways) => ways.some((id) => away.has(id))))
      .map((member) => member.id),
  )
  const all = [...facts.groups('before'), ...facts.groups('after')]
  const groups = all.filter((group) =>
    group.members.some((member) => own.has(member.id) || (group.minimum > 0 && weak.has(member.id))),
  )
  const lost = facts.members.filter((member) => away.has(member.id)).map((member) => member.host)
  const hosts = new Set([...step.writes.map((write) => write.host), ...lost])
  const guarded = all.some((group) => group.minimum > 0 && group.members.some((member) => hosts.has(member.host)))
  const cells = new Set([...hosts].map((host) => cell(facts, { ...step, writes: [{ host, changes: [], acts: [] }] })))
  const carried = facts.closure([...own], true)
  return {
    hosts,
    groups: new Set(groups.map((group) => group.id)),
    weak,
    own,
    carried,
    cells,
    guarded,
    layer: layer(facts, step),
  }
}

/** Whatever a step can hurt is whole before and after it, but for those who are known to be missing; every new group is asked once, when the last of it is in place. */
function gates(facts: Facts, rollout: Rollout): readonly string[] {
  const steps = rollout.waves.flat()
  const unguarded = steps.flatMap((step) => {
    const away = awayIn(facts, [step])
    const own = facts.own(step)
    const hurt = facts.groups('before').filter((group) => worked(facts, group) && touches(group, away, own))
    const open = hurt.filter((group) => !step.gate.includes(group.id) || !step.whole.includes(group.id))
    return open.map((group) => `step ${step.id} is not gated by ${group.id}`)
  })
  const unfinished = facts.groups('after').flatMap((group) => {
    const building = steps.filter((step) =>
      facts.own(step).some((id) => group.members.some((member) => member.id === id)),
    )
    const asked = steps.filter((step) => step.completes.includes(group.id))
    const isRight = building.length === 0 || asked.length === 1
    return isRight ? [] : [`${group.id} is completed by ${asked.length} steps`]
  })
  return [...unguarded, ...unfinished, ...missing(facts, rollout)]
}

/** Nobody else is left out of a gate, and nobody is asked for who cannot answer. */
function missing(facts: Facts, rollout: Rollout): readonly string[] {
  return rollout.waves.flatMap((wave, index) => {
    const done = rollout.waves.slice(0, index).flat()
    return wave.flatMap((step) => {
      const groups = facts.groups('before').filter(({ id }) => step.gate.includes(id))
      const absent = groups.flatMap((group) => {
        const there = standing(facts, group.id, done).map(({ id }) => id)
        const ids = group.members.map(({ id }) => id)
        return ids.filter((id) => facts.gone.has(id) || (!facts.has('before', id) && !there.includes(id)))
      })
      const [wanted, told] = [[...new Set(absent)].toSorted().join(' '), step.missing.join(' ')]
      return wanted === told ? [] : [`step ${step.id} misses ${told}, but missing are ${wanted}`]
    })
  })
}
