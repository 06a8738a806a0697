/** Random labs for the planner: one or two cells of hosts, networks that carry networks, quorums with weights, pools, plain services. */
import fc from 'fast-check'
import type { Id, Layer } from '../../renderers/renderer.ts'
import type { Rendering } from '../../scripts/lib/bundle/rendering.ts'
import * as sketch from './lab.ts'

export interface Case {
  readonly before: Rendering
  readonly after: Rendering
  readonly last: readonly string[]
  /** Hosts that count as dead; nothing of theirs changes. */
  readonly lost: readonly string[]
}

/** How a part fares on one host. unfinished: the group knew it already, but it is not there. */
type Fate = 'same' | 'changed' | 'new' | 'gone' | 'unfinished'

interface Service {
  readonly part: string
  readonly layer: Layer
  readonly reach: 'host' | 'cluster'
  readonly group: { readonly kind: 'quorum' | 'pool'; readonly slack: number } | null
  readonly disturbs: boolean
  readonly needs: readonly (readonly string[])[]
  readonly provides: string | null
  readonly votes: readonly number[]
  readonly hosts: readonly { readonly on: boolean; readonly fate: Fate }[]
  readonly reversed: boolean
}

/** `lives`: parts may also come and go. */
export function randomLab(lives: boolean): fc.Arbitrary<Case> {
  const cells = fc.array(cell(lives), { minLength: 1, maxLength: 2 })
  return fc.tuple(cells, fc.nat(), fc.nat()).map(([list, pick, dead]) => {
    const drawn = list.flatMap((each, index) => [{ ...each, prefix: 'ab'[index] ?? 'c' }])
    const names = drawn.flatMap((each) => hostNames(each.prefix, each.count))
    const lost = dead % 3 === 0 ? [names[dead % names.length] ?? ''] : []
    const sides = drawn.map((each) => ({ ...each, services: each.services.map((one) => still(one, each, lost)) }))
    const side = (old: boolean) =>
      sketch.rendering(
        sides.flatMap((each) => each.services.flatMap((service) => partsOf(each.prefix, each.count, service, old))),
        sides.flatMap((each) => each.services.flatMap((service) => groupOf(each.prefix, each.count, service, old))),
      )
    const last = pick % 3 === 0 ? [] : [names[pick % names.length] ?? '']
    return sketched({ before: side(true), after: side(false), last, lost })
  })
}

/** Nothing changes on a lost host. */
function still(service: Service, { prefix, count }: { prefix: string; count: number }, lost: readonly string[]) {
  const names = hostNames(prefix, count)
  const hosts = service.hosts.map((host, index) =>
    lost.includes(names[index] ?? '') ? { ...host, fate: 'same' as const } : host,
  )
  return { ...service, hosts }
}

/** In a failure's report a lab is one line per part, and not all of its manifests. */
function sketched(lab: Case): Case {
  const parts = ({ hosts }: Rendering) =>
    Object.values(hosts).flatMap((bundle) =>
      bundle.parts.map(
        (part) =>
          `${part.id}@${bundle.host} ${part.layer} ${part.files[0]?.content} ${JSON.stringify(part.files[0]?.onChange.interrupts)}`,
      ),
    )
  const groups = ({ hosts }: Rendering) =>
    new Set(
      Object.values(hosts).flatMap((bundle) =>
        bundle.groups.map(
          (group) =>
            `${group.id} min ${group.minimum}: ${group.members.map((each) => `${each.id}*${each.votes} needs ${JSON.stringify(each.needs)}`).join(', ')}`,
        ),
      ),
    )
  const side = (rendering: Rendering) =>
    [...parts(rendering).toSorted(), ...groups(rendering)].map((line) => `  ${line}`).join('\n')
  const report = () =>
    `last ${lab.last.join()} lost ${lab.lost.join()}\nbefore\n${side(lab.before)}\nafter\n${side(lab.after)}`
  return Object.defineProperty(lab, fc.toStringMethod, { value: report, enumerable: false })
}

function cell(lives: boolean) {
  return fc.integer({ min: 1, max: 5 }).chain((count) =>
    fc
      .tuple(
        randomService('net', 7, [], 'lan', count, lives),
        randomService('vpn.x', 4, [['lan']], 'x', count, lives),
        randomService('vpn.y', 4, [['lan']], 'y', count, lives),
        fc
          .constantFrom([['x']], [['x', 'y']], [['lan']], [['x'], ['y']])
          .chain((needs) => randomService('vote', 8, needs, null, count, lives)),
        fc
          .tuple(fc.constantFrom<Layer>(1, 2, 3, 5), fc.constantFrom([['x']], [['x', 'y+1']], [['lan', 'lan+1']], []))
          .chain(([layer, needs]) => randomService('serve', layer, needs, null, count, lives)),
        fc.constantFrom<Layer>(1, 2, 3, 5).chain((layer) => randomService('plain', layer, [], null, count, lives)),
      )
      .map((services) => ({ count, services })),
  )
}

function randomService(
  part: string,
  layer: Layer,
  needs: Service['needs'],
  provides: string | null,
  count: number,
  lives: boolean,
): fc.Arbitrary<Service> {
  const fates: Fate[] = lives
    ? ['same', 'changed', 'changed', 'new', 'gone', 'unfinished']
    : ['same', 'changed', 'changed']
  const group = fc.record({
    kind: fc.constant(part === 'vote' ? ('quorum' as const) : ('pool' as const)),
    slack: fc.integer({ min: 1, max: 3 }),
  })
  return fc.record({
    part: fc.constant(part),
    layer: fc.constant(layer),
    reach: fc.constant(part === 'vote' ? ('cluster' as const) : ('host' as const)),
    group: part === 'plain' ? fc.constant(null) : fc.option(group, { freq: 4, nil: null }),
    disturbs: part === 'vote' ? fc.constant(false) : fc.boolean(),
    needs: fc.constant(needs),
    provides: fc.constant(provides),
    votes: fc.array(fc.integer({ min: 1, max: 2 }), { minLength: count, maxLength: count }),
    hosts: fc.array(
      fc.record({ on: fc.integer({ min: 0, max: 5 }).map((n) => n > 0), fate: fc.constantFrom(...fates) }),
      {
        minLength: count,
        maxLength: count,
      },
    ),
    reversed: fc.boolean(),
  })
}

function hostNames(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`)
}

function isThere(host: Service['hosts'][number] | undefined, old: boolean): boolean {
  return host !== undefined && host.on && host.fate !== (old ? 'new' : 'gone')
}

function nameIn(prefix: string, service: Service): string {
  const [head, ...tail] = service.part.split('.')
  return [`${head}${prefix}`, ...tail].join('.')
}

function partsOf(prefix: string, count: number, service: Service, old: boolean): readonly sketch.PartSketch[] {
  const part = nameIn(prefix, service)
  return hostNames(prefix, count).flatMap((host, index): sketch.PartSketch[] => {
    const own = service.hosts[index]
    if (!isThere(own, old) || (old && own?.fate === 'unfinished')) return []
    const files = own?.fate === 'changed' && !old ? 'young' : 'old'
    const interrupts = service.disturbs ? [`${part}@${host}`] : []
    const effect = { acts: [{ unit: part, do: 'restart' as const }], interrupts, maxSeconds: 5 }
    return [{ host, part, layer: service.layer, reach: service.reach, files, effect, onRemove: effect }]
  })
}

function groupOf(prefix: string, count: number, service: Service, old: boolean): readonly sketch.GroupSketch[] {
  const part = nameIn(prefix, service)
  const names = hostNames(prefix, count)
  const there = names.filter((_, index) => isThere(service.hosts[index], old))
  if (there.length === 0) return []
  const members = there.map((host) => {
    const index = names.indexOf(host)
    const idAt = (way: string): Id => {
      const [network, more] = way.split('+')
      return `net:${network}@${names[(index + Number(more ?? 0)) % count]}`
    }
    return {
      id: `${part}@${host}`,
      votes: service.votes[index] ?? 1,
      needs: service.needs.map((ways) => ways.map(idAt)),
      provides: service.provides === null ? [] : [`net:${service.provides}@${host}`],
    }
  })
  const votes = members.reduce((sum, member) => sum + member.votes, 0)
  const minimum = minimumOf(service, votes, members.length)
  return [
    {
      id: part,
      kind: service.group?.kind ?? 'pool',
      minimum,
      members: service.reversed ? members.toReversed() : members,
    },
  ]
}

/** A service without a group of its own still carries: minimum 0. */
function minimumOf(service: Service, votes: number, members: number): number {
  if (service.group === null) return 0
  if (service.group.kind === 'quorum') return Math.floor(votes / 2) + 1
  return Math.max(0, members - service.group.slack)
}
