/** Builds small renderings for tests of the planner: says only what a test is about. */
import type { Effect, Group, Layer, Member, PerHost, Renderer, Transition } from '../../renderers/renderer.ts'
import type { Change } from '../../scripts/lib/bundle/change.ts'
import { compare } from '../../scripts/lib/bundle/compare.ts'
import type { Bundle, FileManifest, PartManifest, Rendering } from '../../scripts/lib/bundle/rendering.ts'
import type { Order } from '../../scripts/lib/rollout/order.ts'
import { plan } from '../../scripts/lib/rollout/plan.ts'
import type { Plan, Refusal, Rollout } from '../../scripts/lib/rollout/rollout.ts'

export interface PartSketch {
  readonly host: string
  readonly part: string
  readonly layer?: Layer
  readonly reach?: 'host' | 'cluster'
  readonly store?: 'disk' | 'pmxcfs'
  /** Content by path; a plain text is the content of /etc/<part>. */
  readonly files?: Readonly<Record<string, string>> | string
  readonly effect?: Partial<Effect>
  readonly onRemove?: Partial<Effect>
  readonly version?: number
}

export interface GroupSketch {
  readonly id: string
  readonly kind?: Group['kind']
  readonly minimum: number
  readonly members: readonly (Partial<Member> & { readonly id: string })[]
}

const quiet: Effect = { acts: [], interrupts: [], maxSeconds: 0 }

export function rendering(parts: readonly PartSketch[], groups: readonly GroupSketch[] = []): Rendering {
  const whole = groups.map(groupOf)
  const hosts = new Set([...parts.map(({ host }) => host), ...whole.flatMap((group) => group.members.map(hostOf))])
  const bundles = [...hosts].map((host) => [host, bundle(host, parts, whole)] as const)
  return { format: 1, lab: 'test', hosts: Object.fromEntries(bundles), contents: {}, secrets: {} }
}

function hostOf(member: { readonly host: string }): string {
  return member.host
}

function groupOf(sketch: GroupSketch): Group {
  const members = sketch.members.map((member): Member => ({
    host: member.id.split('@')[1] ?? '',
    votes: 1,
    needs: [],
    provides: [],
    up: [],
    ...member,
  }))
  return { kind: 'pool', soakSeconds: 0, agree: [], ...sketch, members }
}

function bundle(host: string, parts: readonly PartSketch[], groups: readonly Group[]): Bundle {
  const own = parts.filter((part) => part.host === host)
  const services = own.map(({ part, version }) => [part.split('.')[0], { version: version ?? 1, settings: {} }])
  return {
    format: 1,
    lab: 'test',
    host,
    kind: 'node',
    platform: 'debian',
    way: { addresses: [], port: 22, user: 'root', via: [] },
    services: Object.fromEntries(services) as Bundle['services'],
    parts: own.map(partOf),
    groups: groups.filter((group) => group.members.some((member) => member.host === host)),
  }
}

function partOf(sketch: PartSketch): PartManifest {
  const given = sketch.files ?? 'text'
  const files = typeof given === 'string' ? { [`/etc/${sketch.part}`]: given } : given
  return {
    id: sketch.part,
    service: sketch.part.split('.')[0] ?? '',
    layer: sketch.layer ?? 3,
    reach: sketch.reach ?? 'host',
    onRemove: { ...quiet, ...sketch.onRemove },
    needs: { packages: {}, directories: [] },
    check: [],
    probe: [],
    files: Object.entries(files).map(([path, text]): FileManifest => {
      const store = sketch.store ?? 'disk'
      const onChange = { ...quiet, ...sketch.effect }
      return {
        path,
        mode: '0644',
        owner: 'root:root',
        store,
        from: [],
        content: text,
        secrets: {},
        renderHash: text,
        onChange,
      }
    }),
  }
}

/** A renderer that only knows how to get from old to new. */
export function renderer(service: string, transition: Transition, version = 1): Renderer {
  const rest = { schema: {}, problems: () => [], settings: () => ({}), parts: () => [], groups: () => [] }
  return { ...rest, service, version, transition: () => transition }
}

export function planned(
  before: Rendering,
  after: Rendering,
  order: Partial<Order> = {},
  renderers: readonly Renderer[] = [],
  changes: readonly Change[] = compare(before, after),
): Plan {
  return plan(before, after, changes, renderers, { last: [], ...order })
}

export function rolled(...input: Parameters<typeof planned>): Rollout {
  const result = planned(...input)
  if (result.kind === 'rollout') return result.rollout
  throw new Error(`refused: ${result.refusals.map((refusal) => refusal.why).join('; ')}`)
}

export function refusals(...input: Parameters<typeof planned>): readonly Refusal[] {
  const result = planned(...input)
  if (result.kind === 'refused') return result.refusals
  throw new Error('it was not refused')
}

/** "part@host" per step, wave by wave. */
export function shape(rollout: Rollout): readonly (readonly string[])[] {
  return rollout.waves.map((wave) =>
    wave.map((step) => `${step.part}@${step.writes.map(({ host }) => host).join('+')}`),
  )
}

/** Three nodes: interfaces carry a VPN, the VPN carries corosync. `text`: what is in the files of each service. */
export function threeNodes(text: PerHost<string> = {}): Rendering {
  const nodes = ['pve1', 'pve2', 'pve3']
  const parts = nodes.flatMap((host): PartSketch[] => [
    { host, part: 'interfaces', layer: 7, ...told('interfaces', host, text, 'ifreload') },
    { host, part: 'tinc.cluster', layer: 4, ...told('tinc.cluster', host, text, 'restart') },
    { host, part: 'corosync', layer: 8, reach: 'cluster', ...told('corosync', host, text, 'reload') },
    { host, part: 'keepalived', layer: 3, ...told('keepalived', host, text, 'reload') },
  ])
  return rendering(parts, threeNodeGroups(nodes))
}

function told(part: string, host: string, text: PerHost<string>, how: 'ifreload' | 'restart' | 'reload') {
  const interrupts = how === 'reload' ? [] : [`${part}@${host}`]
  const act = how === 'ifreload' ? { run: ['ifreload', '-a'] } : ({ unit: `${part}.service`, do: how } as const)
  return { files: text[part] ?? 'text', effect: { acts: [act], interrupts, maxSeconds: how === 'reload' ? 0 : 5 } }
}

export function threeNodeGroups(nodes: readonly string[]): readonly GroupSketch[] {
  const majority = Math.floor(nodes.length / 2) + 1
  return [
    {
      id: 'interfaces',
      minimum: nodes.length - 1,
      members: nodes.map((host) => ({ id: `interfaces@${host}`, provides: [`net:public@${host}`] })),
    },
    {
      id: 'tinc.cluster',
      minimum: nodes.length - 1,
      members: nodes.map((host) => ({
        id: `tinc.cluster@${host}`,
        needs: [[`net:public@${host}`]],
        provides: [`net:cluster@${host}`],
      })),
    },
    {
      id: 'corosync',
      kind: 'quorum',
      minimum: majority,
      members: nodes.map((host) => ({ id: `corosync@${host}`, needs: [[`net:cluster@${host}`]] })),
    },
    {
      id: 'keepalived.services',
      minimum: 1,
      members: nodes
        .toReversed()
        .map((host) => ({ id: `keepalived.services@${host}`, needs: [[`net:public@${host}`]] })),
    },
  ]
}
