/** Changes → rollout, or the reasons why there is none. Pure. */
import type { Renderer } from '../../../renderers/renderer.ts'
import { byCodeUnits, canonicalJson, sha256 } from '../bundle/canonical.ts'
import type { Change } from '../bundle/change.ts'
import type { Rendering } from '../bundle/rendering.ts'
import { canaries, canaryClaims } from './canary.ts'
import { cells } from './cells.ts'
import { claimsOf } from './claims.ts'
import { deferred } from './deferred.ts'
import { type Draft, drafts } from './draft.ts'
import { grouped } from './grouped.ts'
import { waysIn } from './management-path.ts'
import type { Order } from './order.ts'
import { precedenceOf } from './precedence.ts'
import { noWay, sortedRefusals } from './refusal.ts'
import type { ByHand, Plan, Refusal, Step } from './rollout.ts'
import { type Assembled, assembled } from './assembled.ts'
import { sequence } from './sequence.ts'
import { sharedSecret } from './shared-secret.ts'
import { transitionOf } from './transition.ts'
import { waves } from './waves.ts'
import { withheld } from './withheld.ts'
import { type World, worldOf } from './world.ts'

/**
 * The order in which the hosts get from one rendering to the other such that no group that works falls below its minimum.
 * `changes`: what differs between the two; `renderers`: asked how their services pass from old to new settings.
 */
export function plan(
  before: Rendering,
  after: Rendering,
  changes: readonly Change[],
  renderers: readonly Renderer[],
  order: Order,
): Plan {
  const byHand = toDoFirst(before, after, changes, renderers, order)
  const later = byHand.map(({ service }) => service)
  const both = worldOf(before, withheld(before, after, later), order.lost)
  const now = changes.filter(({ service }) => !later.includes(service))
  const { refusals, steps } = draftAll(both, now, renderers, order)
  if (refusals.length > 0) return { kind: 'refused', refusals: sortedRefusals(refusals) }
  const precedence = precedenceOf(both, steps, order.last)
  const usual = sequence(precedence)
  const result = inWaves(both, deferred(both, usual, precedence, order) ?? usual, order)
  if (result.refusals.length > 0) return { kind: 'refused', refusals: sortedRefusals(result.refusals) }
  return { kind: 'rollout', rollout: signed(after.lab, result.waves, byHand) }
}

/** What a person has to do before these services can follow, while all others go on. */
function toDoFirst(
  before: Rendering,
  after: Rendering,
  changes: readonly Change[],
  renderers: readonly Renderer[],
  { lost = [], settled = [] }: Order,
): readonly ByHand[] {
  const services = [...new Set(changes.map(({ service }) => service))].toSorted(byCodeUnits)
  return services.flatMap((service) => {
    const way = transitionOf(before, after, service, renderers, lost)
    if (way.kind !== 'by-hand' || way.rest === 'waits' || settled.includes(service)) return []
    return [{ service, why: way.why, manual: way.manual }]
  })
}

/** Steps in order, put into waves and counted. */
function inWaves(both: World, inOrder: readonly Draft[], order: Order): Assembled {
  const hosts = cells(both)
  const behind = canaries(inOrder, waysIn(both, inOrder))
  const numbers = waves(
    inOrder.map((draft) => new Map([...claimsOf(both, hosts, draft), ...canaryClaims(draft, behind)])),
  )
  const byWave = [
    ...grouped(
      inOrder.map((draft, index) => ({ draft, wave: numbers[index] ?? 0 })),
      ({ wave }) => wave,
    ),
  ]
  const ordered = byWave.toSorted(([a], [b]) => a - b).map(([, each]) => each.map(({ draft }) => draft))
  return assembled(both, ordered, order)
}

/** The steps, and the services that know no way from old to new. */
function draftAll(both: World, changes: readonly Change[], renderers: readonly Renderer[], order: Order) {
  const sorted = changes.toSorted((a, b) => byCodeUnits(a.host, b.host) || byCodeUnits(a.path, b.path))
  const refusals: Refusal[] = []
  const steps: Draft[] = []
  const services = [...grouped(sorted, (change) => change.service)].toSorted(([a], [b]) => byCodeUnits(a, b))
  for (const [service, own] of services) {
    const way = transitionOf(both.before.rendering, both.after.rendering, service, renderers, order.lost ?? [])
    const { part, host } = own[0] as Change
    if (way.kind === 'refuse' || (way.kind === 'by-hand' && order.settled?.includes(service) !== true)) {
      refusals.push(noWay(service, part, host, way.why, way.manual))
      continue
    }
    const moves = way.kind === 'lockstep' ? way.moves : []
    const shared = sharedSecret(both.before.rendering, both.after.rendering, service, moves)
    if (shared !== null) {
      refusals.push(shared)
      continue
    }
    const told = way.kind === 'rolling' ? (way.effects ?? {}) : {}
    const made = drafts(both, own, order.last, told, way.kind === 'versions', moves)
    refusals.push(...made.filter(isUnknown).map((draft) => unknownWay(draft)))
    steps.push(...made)
  }
  return { refusals, steps }
}

/** What a whole cluster shares cannot go one host at a time, and nobody can say what the old settings meant. */
function isUnknown(draft: Draft): boolean {
  return draft.alone && draft.reach === 'cluster' && draft.kind === 'changed'
}

function unknownWay(draft: Draft): Refusal {
  const host = draft.writes[0]?.host ?? ''
  const why = `${draft.part} was rendered by another version of quorate, and its files change on all hosts at once`
  return noWay(
    draft.service,
    draft.part,
    host,
    why,
    'deploy the unchanged definition with the older version, or make the change by hand',
  )
}

function signed(lab: string, steps: readonly (readonly Step[])[], byHand: readonly ByHand[]) {
  const rollout = { format: 1, lab, waves: steps, ...(byHand.length > 0 ? { byHand } : {}) } as const
  return { ...rollout, digest: sha256(canonicalJson(rollout)) }
}
