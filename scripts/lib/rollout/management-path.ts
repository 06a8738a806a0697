/** The deployer's own ways in: which steps touch one, what of it holds meanwhile, and which change would leave none. */
import type { Id } from '../../../renderers/renderer.ts'
import { type Entry, entriesIn, entriesOf, entriesText } from '../bundle/entry.ts'
import type { Carrier } from '../bundle/rendering.ts'
import type { Draft } from './draft.ts'
import type { Order } from './order.ts'
import type { Refusal } from './rollout.ts'
import { bundleOf, type World } from './world.ts'

/** A host's way in that a step touches. The step is confirmed only by new connections: to all of `keeps` that answered before it, and to `opens`. */
export interface WayIn {
  readonly host: string
  /** In the old definition and in the new one. */
  readonly keeps: readonly Entry[]
  /** New: with this step, the last one that touches the way, they have to answer. */
  readonly opens: readonly Entry[]
  /** Not in the new definition any more. */
  readonly closes: readonly Entry[]
  readonly carriers: readonly Carrier[]
}

/** Layers of what stands between the deployer and a shell: sshd, firewall, keys; and the interfaces. */
const accessLayers: readonly number[] = [5, 7]

/** The ways that each step touches, of the hosts it writes on, sorted by host. `inOrder`: all steps. */
export function waysIn(world: World, inOrder: readonly Draft[]): ReadonlyMap<Draft, readonly WayIn[]> {
  const touching = inOrder.map((draft) => [draft, touchedHosts(world, draft)] as const)
  const final = new Map(touching.flatMap(([draft, hosts]) => hosts.map((host) => [host, draft] as const)))
  return new Map(
    touching.map(([draft, hosts]) => [draft, hosts.map((host) => wayIn(world, host, final.get(host) === draft))]),
  )
}

/** By what `accept` names a host's way: "way@pve1". */
export function wayId(host: string): Id {
  return `way@${host}`
}

/** Changes after which nothing of a host's old way is left, and before which nothing of the new one answers. */
export function lockOuts(
  ways: ReadonlyMap<Draft, readonly WayIn[]>,
  { acceptOutage = [] }: Pick<Order, 'acceptOutage'>,
): readonly Refusal[] {
  return [...ways].flatMap(([draft, touched]) =>
    touched
      .filter(({ host, keeps, opens }) => keeps.length === 0 && opens.length > 0 && !acceptOutage.includes(wayId(host)))
      .map((way) => lockOut(draft, way)),
  )
}

function touchedHosts(world: World, draft: Draft): readonly string[] {
  const hosts = draft.writes.filter(({ changes }) => changes.length > 0).map(({ host }) => host)
  return [...new Set(hosts)].toSorted().filter((host) => {
    const sides = sidesOf(world, host)
    if (sides.every(({ addresses }) => addresses.length === 0)) return false
    const carriers = sides.flatMap((way) => way.carriers ?? [])
    return accessLayers.includes(draft.layer) || carriers.some(({ net }) => draft.away.has(net))
  })
}

/** A host that comes is reached as the new definition says already, and one that leaves as the old one says. */
function sidesOf(world: World, host: string) {
  const before = bundleOf(world.before.rendering, host)?.way
  const after = bundleOf(world.after.rendering, host)?.way
  return [before ?? after, after ?? before].filter((way) => way !== undefined)
}

function wayIn(world: World, host: string, isFinal: boolean): WayIn {
  const [before, after] = sidesOf(world, host)
  const [old, young] = [before, after].map((way) => (way === undefined ? [] : entriesOf(way))) as [Entry[], Entry[]]
  return {
    host,
    keeps: entriesIn(young, 'also', old),
    opens: isFinal ? entriesIn(young, 'not', old) : [],
    closes: entriesIn(old, 'not', young),
    carriers: after?.carriers ?? before?.carriers ?? [],
  }
}

function lockOut({ service, part }: Draft, way: WayIn): Refusal {
  const { host, opens, closes } = way
  return {
    group: wayId(host),
    service,
    part,
    host,
    why: `the deployer comes to ${host} at ${entriesText(closes)}, and the new definition knows only ${entriesText(opens)}: at no time would both work`,
    waysOut: [
      `${beside(way)}; deploy that, and take the old one out in a commit of its own`,
      `let ${host}'s own timer be all that brings it back with  deploy --accept-outage ${wayId(host)}`,
    ],
  }
}

/** How the definition holds the old way and the new one at the same time. */
function beside({ host, opens, closes }: WayIn): string {
  const both = (key: 'address' | 'port') => [...new Set([...opens, ...closes].map((entry) => entry[key]))].join(', ')
  const isSame = (key: keyof Entry) => closes.every((old) => opens.some((young) => young[key] === old[key]))
  if (!isSame('address')) return `have both addresses in ${host}.yaml for a time: [${both('address')}]`
  if (!isSame('port'))
    return `have both ports for a time, "port: [${both('port')}]" in lab.yaml and both in sshd's own file`
  return 'leave the user in lab.yaml as it is while what lets the new one in is deployed'
}
