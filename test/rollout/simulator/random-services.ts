/** The services of one cell by chance, and how each fares on each host. */
import type { Layer } from '../../../renderers/renderer.ts'
import type { Dice } from './dice.ts'

/** unfinished: the group knew it already, but an earlier rollout did not get through to it. */
export type Fate = 'never' | 'same' | 'changed' | 'new' | 'gone' | 'unfinished'

export interface Spot {
  readonly host: string
  readonly fate: Fate
  /** Of its second part, where it has one. */
  readonly extra: Fate
}

export interface Service {
  readonly part: string
  /** A second part makes the same member: "vote.unit". */
  readonly hasUnit: boolean
  /** Its members' name before "@". */
  readonly member: string
  readonly group: string
  /** Null: it has no group at all. */
  readonly kind: 'quorum' | 'pool' | null
  readonly layer: Layer
  readonly reach: 'host' | 'cluster'
  /** Its members are away while its files change. */
  readonly disturbs: boolean
  /** Of each the one or the other; "x+1" is the network x of the next node. */
  readonly needs: Both<readonly (readonly string[])[]>
  readonly provides: string | null
  readonly votes: Both<readonly number[]>
  /** Members of a pool that may be away. */
  readonly slack: Both<number | 'all' | 'all but one'>
  readonly spots: readonly Spot[]
  readonly reversed: boolean
}

interface Both<T> {
  readonly before: T
  readonly after: T
}

export function randomServices(
  dice: Dice,
  prefix: string,
  nodes: readonly string[],
  guest: string | null,
): readonly Service[] {
  const everywhere = guest === null ? nodes : [...nodes, guest]
  const over = [[['x']], [['x', 'y']], [['x', 'y']], [['lan']], [['x'], ['y']], [['x', 'lan']]]
  const ends = [[['x']], [['x', 'x+1']], [['lan', 'lan+1']], [['y']], []]
  const quorum = {
    ...plain(dice, prefix, 'vote', 8),
    kind: 'quorum' as const,
    reach: dice.pick(['cluster', 'host'] as const),
  }
  const made = [
    { ...plain(dice, prefix, 'net', 7), provides: 'lan' },
    { ...plain(dice, prefix, 'vpnx', 4), provides: 'x', needs: same([['lan']]) },
    { ...plain(dice, prefix, 'vpny', 4), provides: 'y', needs: same([['lan']]) },
    { ...quorum, needs: maybe(dice, () => dice.pick(over)), disturbs: quorum.reach === 'host' && dice.chance(1, 2) },
    {
      ...plain(dice, prefix, 'serve', dice.pick([1, 2, 3, 5])),
      member: `serve${prefix}.main`,
      needs: maybe(dice, () => dice.pick(ends)),
    },
    { ...plain(dice, prefix, 'note', dice.pick([1, 2, 3, 5])), kind: null },
  ]
  const [busy, of] = dice.chance(1, 12) ? [1, 2] : [1, 4]
  // A network that nobody of the lab provides is always there.
  const used = made.filter(({ part }) => !/^(vpny|note|serve)/.test(part) || dice.chance(3, 5))
  return used.map((service): Service => {
    const hosts = service.part.startsWith('serve') ? everywhere : nodes
    const isCalm = !dice.chance(busy, of)
    const pair = () => hosts.map(() => dice.pick([1, 1, 1, 2, 3]))
    return {
      ...service,
      votes: maybe(dice, pair),
      slack: maybe(dice, () => dice.pick([0, 1, 1, 1, 2, 'all but one', 'all but one', 'all'] as const)),
      spots: hosts.map((host) => spotOf(dice, host, isCalm)),
    }
  })
}

function plain(dice: Dice, prefix: string, name: string, layer: Layer) {
  const part = `${name}${prefix}`
  return {
    part,
    hasUnit: dice.chance(1, 4),
    member: part,
    group: part,
    kind: 'pool' as 'pool' | 'quorum' | null,
    layer,
    reach: 'host' as 'host' | 'cluster',
    disturbs: dice.chance(2, 3),
    needs: same<readonly (readonly string[])[]>([]),
    provides: null as string | null,
    reversed: dice.chance(1, 2),
  }
}

function same<T>(value: T): Both<T> {
  return { before: value, after: value }
}

/** Mostly the same on both sides. */
function maybe<T>(dice: Dice, draw: () => T): Both<T> {
  const before = draw()
  return { before, after: dice.chance(1, 4) ? draw() : before }
}

function spotOf(dice: Dice, host: string, isCalm: boolean): Spot {
  const calm = dice.chance(1, 12) ? dice.pick(['changed', 'never'] as const) : 'same'
  const busy: readonly Fate[] = ['same', 'same', 'changed', 'changed', 'changed', 'new', 'gone', 'unfinished', 'never']
  const fate = isCalm ? calm : dice.pick(busy)
  const extras: readonly Fate[] = fate === 'same' || fate === 'changed' ? ['same', 'changed', 'new', 'gone'] : ['same']
  return { host, fate, extra: isCalm ? 'same' : dice.pick(extras) }
}
