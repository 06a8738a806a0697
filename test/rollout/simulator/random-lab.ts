/** Labs by chance: one or two cells of nodes, networks that carry networks, quorums with weights, pools, guests, and what changes there. */
import type { Id, Move } from '../../../renderers/renderer.ts'
import { type GroupSketch, type PartSketch, rendering } from '../sketch.ts'
import { type Dice, diceOf } from './dice.ts'
import { type Fate, randomServices, type Service, type Spot } from './random-services.ts'
import type { Case } from './lab-case.ts'

interface Cell {
  readonly nodes: readonly string[]
  /** It has a foot on either of two nodes. */
  readonly guest: string | null
  readonly services: readonly Service[]
}

type Side = 'before' | 'after'

/** The lab of a seed: three to nine nodes. */
export function randomLab(seed: number): Case {
  const dice = diceOf(seed)
  const count = dice.chance(19, 20) ? dice.pick([3, 3, 4]) : 5 + dice.below(5)
  const split = count >= 4 && dice.chance(1, 4) ? 1 + dice.below(count - 2) : 0
  const cells = split === 0 ? [cellOf(dice, 'a', count)] : [cellOf(dice, 'a', split), cellOf(dice, 'b', count - split)]
  const hosts = cells.flatMap(({ nodes }) => nodes)
  const lost = dice.chance(1, 5) ? [dice.pick(hosts)] : []
  const last = dice.chance(1, 3) ? [dice.pick(hosts)] : []
  const still = cells.map((cell) => ({ ...cell, services: cell.services.map((service) => leftAlone(service, lost)) }))
  const side = (name: Side) =>
    rendering(
      still.flatMap((cell) => cell.services.flatMap((service) => partsOf(service, name))),
      still.flatMap((cell) => [...cell.services.flatMap((service) => groupsOf(cell, service, name)), ...footOf(cell)]),
    )
  const groups = still.flatMap(({ services }) => services.map(({ group }) => group))
  const acceptOutage = dice.chance(1, 10) ? [dice.pick(groups)] : []
  // Dice of its own: labs without moves are the same as ever.
  const moves = movesIn(diceOf(seed + 0x10000000), still)
  return { before: side('before'), after: side('after'), last, lost, acceptOutage, moves }
}

/** Now and then the hosts of a service that stays on them move together, whoever of them changes; most of the time the one in charge is not away. */
function movesIn(dice: Dice, cells: readonly Cell[]): readonly Move[] {
  const services = cells.flatMap((cell) => cell.services).filter(({ reach }) => reach === 'host')
  return services.flatMap(({ part, member, spots }): readonly Move[] => {
    const stays = spots.filter(({ fate }) => fate === 'changed' || fate === 'same' || fate === 'new')
    const hosts = stays.map(({ host }) => host)
    if (hosts.length < 2 || !dice.chance(1, 4)) return []
    const inCharge = dice.pick(hosts)
    const isAway = (host: string) => host !== inCharge || dice.chance(1, 4)
    const effects = hosts.map((host) => [
      host,
      { acts: [], interrupts: isAway(host) ? [`${member}@${host}`] : [], maxSeconds: 5 },
    ])
    const stop = Object.fromEntries(hosts.filter((host) => host !== inCharge).map((host) => [host, []]))
    return [{ part, why: 'by chance', inCharge, stop, effects: Object.fromEntries(effects), apartSeconds: 2 }]
  })
}

function cellOf(dice: Dice, prefix: string, count: number): Cell {
  const nodes = Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`)
  const guest = count > 1 && dice.chance(1, 5) ? `${prefix}g` : null
  return { nodes, guest, services: randomServices(dice, prefix, nodes, guest) }
}

/** Nothing changes on a lost host. */
function leftAlone(service: Service, lost: readonly string[]): Service {
  const calm = (spot: Spot): Spot => (lost.includes(spot.host) ? { ...spot, fate: 'same', extra: 'same' } : spot)
  return { ...service, spots: service.spots.map(calm) }
}

function isThere(fate: Fate, side: Side): boolean {
  return fate !== 'never' && fate !== (side === 'before' ? 'new' : 'gone')
}

function partsOf(service: Service, side: Side): readonly PartSketch[] {
  const shared = { layer: service.layer, reach: service.reach }
  return service.spots.flatMap(({ host, fate, extra }): readonly PartSketch[] => {
    const settings = { fate: fate === 'unfinished' || extra === 'unfinished' ? 'as it was' : side }
    const effect = { interrupts: service.disturbs ? [`${service.member}@${host}`] : [], maxSeconds: 5 }
    const had = (each: Fate) => isThere(each, side) && !(each === 'unfinished' && side === 'before')
    const text = (each: Fate) => (each === 'changed' && side === 'after' ? 'young' : 'old')
    const main: PartSketch = {
      host,
      part: service.part,
      ...shared,
      files: text(fate),
      effect,
      onRemove: effect,
      settings,
    }
    const unit: PartSketch = { ...main, part: `${service.part}.unit`, reach: 'host', files: text(extra) }
    if (!had(fate)) return []
    return service.hasUnit && had(extra) ? [main, unit] : [main]
  })
}

function groupsOf({ nodes }: Cell, service: Service, side: Side): readonly GroupSketch[] {
  const { group, kind, member, votes, needs, slack, reversed } = service
  if (kind === null) return []
  const spots = service.spots.filter(({ fate }) => isThere(fate, side))
  if (spots.length === 0) return []
  const members = spots.map(({ host }, index) => {
    const at = (way: string): Id => {
      const [network, more] = way.split('+')
      const own = nodes.indexOf(host)
      return `net:${network}@${more === undefined || own < 0 ? host : nodes[(own + Number(more)) % nodes.length]}`
    }
    return {
      id: `${member}@${host}`,
      votes: votes[side][index] ?? 1,
      needs: needs[side].map((ways) => ways.map(at)),
      provides: service.provides === null ? [] : [`net:${service.provides}@${host}`],
    }
  })
  const all = members.reduce((sum, each) => sum + each.votes, 0)
  const minimum = kind === 'quorum' ? Math.floor(all / 2) + 1 : poolMinimum(members.length, slack[side])
  return [{ id: group, kind, minimum, members: reversed ? members.toReversed() : members }]
}

function poolMinimum(members: number, slack: Service['slack']['before']): number {
  if (slack === 'all') return 0
  return slack === 'all but one' ? 1 : Math.max(0, members - slack)
}

/** The guest's place: made by no file, it has one of two nodes' networks and passes it on. */
function footOf({ nodes, guest }: Cell): readonly GroupSketch[] {
  if (guest === null) return []
  const needs = [nodes.slice(0, 2).map((host) => `net:lan@${host}`)]
  const id = `foot.${guest}`
  return [
    { id, minimum: 0, members: [{ id: `${id}@${guest}`, needs, provides: [`net:lan@${guest}`, `net:x@${guest}`] }] },
  ]
}
