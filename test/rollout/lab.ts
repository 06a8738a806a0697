/** Plans for small labs, and the three-node lab that most tests of the planner are about. */
import type { PerHost, Renderer, Transition } from '../../renderers/renderer.ts'
import type { Change } from '../../scripts/lib/bundle/change.ts'
import { compare } from '../../scripts/lib/bundle/compare.ts'
import type { Rendering } from '../../scripts/lib/bundle/rendering.ts'
import type { Order } from '../../scripts/lib/rollout/order.ts'
import { plan } from '../../scripts/lib/rollout/plan.ts'
import type { Plan, Refusal, Rollout } from '../../scripts/lib/rollout/rollout.ts'
import { type GroupSketch, type PartSketch, rendering } from './sketch.ts'

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
      agree: [{ title: 'the owner of 10.0.1.1', run: ['ip', 'addr'], pick: 'inet (.*)', across: 'one' }],
      members: nodes
        .toReversed()
        .map((host) => ({ id: `keepalived.services@${host}`, needs: [[`net:public@${host}`]] })),
    },
  ]
}
