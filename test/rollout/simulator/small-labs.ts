/** Every lab of up to four nodes, within bounds: a VPN that carries a quorum, and what may become of each on every node. */
import { type GroupSketch, type PartSketch, rendering } from '../sketch.ts'
import type { Case } from './lab-case.ts'

/** What becomes of the voter and of the VPN below it on one node. */
interface Fate {
  readonly voter: 'same' | 'changed' | 'new' | 'gone'
  readonly vpn: 'same' | 'changed'
}

const fates: readonly Fate[] = (['same', 'changed', 'new', 'gone'] as const).flatMap((voter) =>
  (['same', 'changed'] as const).map((vpn) => ({ voter, vpn })),
)

/** One file for all voters or one each, and a first voter with one vote or two, before and after. */
interface Way {
  readonly reach: 'cluster' | 'host'
  readonly before: number
  readonly after: number
}

const ways: readonly Way[] = (['cluster', 'host'] as const).flatMap((reach) =>
  [
    [1, 1],
    [1, 2],
    [2, 1],
  ].map(([before = 1, after = 1]) => ({ reach, before, after })),
)

/** With `nodes` nodes, all of them; nodes but for the first are alike, so each set of fates is given once. */
export function* smallLabs(nodes: number): Generator<Case> {
  for (const way of ways) {
    for (const first of fates) {
      for (const others of multisets(fates, nodes - 1)) yield smallLab(way, [first, ...others])
    }
  }
}

function multisets<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  if (size === 0) return [[]]
  return items.flatMap((item, index) => multisets(items.slice(index), size - 1).map((rest) => [item, ...rest]))
}

function smallLab(way: Way, list: readonly Fate[]): Case {
  const side = (name: 'before' | 'after') => {
    const there = list.map((fate, index) => ({ ...fate, host: `n${index + 1}`, votes: index === 0 ? way[name] : 1 }))
    const voters = there.filter(({ voter }) => voter !== (name === 'before' ? 'new' : 'gone'))
    const text = (fate: string) => (fate === 'changed' && name === 'after' ? 'young' : 'old')
    const settings = { side: name }
    const vpns = there.map(({ host, vpn }): PartSketch => {
      return { host, part: 'vpn', layer: 4, files: text(vpn), effect: { interrupts: [`vpn@${host}`] }, settings }
    })
    const votes = voters.map(({ host, voter }): PartSketch => {
      return { host, part: 'vote', layer: 8, reach: way.reach, files: text(voter), settings }
    })
    return rendering([...vpns, ...votes], [vpnGroup(list.length), quorum(voters)])
  }
  return { before: side('before'), after: side('after'), last: [], lost: [], acceptOutage: [] }
}

function vpnGroup(nodes: number): GroupSketch {
  const hosts = Array.from({ length: nodes }, (_, index) => `n${index + 1}`)
  const members = hosts.map((host) => ({ id: `vpn@${host}`, provides: [`net:cluster@${host}`] }))
  return { id: 'vpn', minimum: nodes - 1, members }
}

function quorum(voters: readonly { readonly host: string; readonly votes: number }[]): GroupSketch {
  const members = voters.map(({ host, votes }) => ({ id: `vote@${host}`, votes, needs: [[`net:cluster@${host}`]] }))
  const all = voters.reduce((sum, { votes }) => sum + votes, 0)
  return { id: 'vote', kind: 'quorum', minimum: Math.floor(all / 2) + 1, members }
}
