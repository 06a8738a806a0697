/** How much a change can break, and what its units are told, as the plan says. */
import type { FileDiff } from '../bundle/diff.ts'
import { hostOf } from '../rollout/interruption.ts'
import type { Plan, Refusal, Step } from '../rollout/rollout.ts'
import { type Row, rolloutRows } from './rollout-rows.ts'

export interface Risk {
  /** The higher, the earlier a reader has to see it. */
  readonly weight: number
  /** In words: "corosync goes from 3 to 2, needs 2". */
  readonly why: readonly string[]
  /** What the units are told: "reload keepalived". */
  readonly acts: readonly string[]
}

const none: Risk = { weight: 0, why: [], acts: [] }

/** Looks up the risk of a difference: on several hosts, that of the riskiest. */
export function risks(plan: Plan | null): (diff: FileDiff) => Risk {
  if (plan === null) return () => none
  return plan.kind === 'refused' ? refusedRisks(plan.refusals) : rolloutRisks(rolloutRows(plan.rollout, () => null))
}

function refusedRisks(refusals: readonly Refusal[]): (diff: FileDiff) => Risk {
  const refused = new Set(refusals.map(({ part, host }) => JSON.stringify([part, host])))
  return ({ hosts, part }) =>
    hosts.some((host) => refused.has(JSON.stringify([part, host])))
      ? { weight: 1, why: ['no safe way is known for it'], acts: [] }
      : none
}

function rolloutRisks(rows: readonly Row[]): (diff: FileDiff) => Risk {
  const found = new Map<string, { readonly row: Row; readonly step: Step }>()
  for (const row of rows) {
    for (const step of row.steps) {
      for (const change of step.writes.flatMap(({ changes }) => changes)) {
        found.set(JSON.stringify([change.host, change.path]), { row, step })
      }
    }
  }
  return ({ hosts, path }) => {
    const places = hosts.flatMap((host) => found.get(JSON.stringify([host, path])) ?? [])
    return {
      weight: places.reduce((most, { step }) => Math.max(most, weightOf(step)), 0),
      why: [...new Set(places.flatMap(({ step }) => whyOf(step)))],
      acts: [...new Set(places.flatMap(({ row }) => row.acts))],
    }
  }
}

/** Votes that are lost come before a way in that is touched, that before anything else that is away, and then the layer (1–8) decides. */
function weightOf(step: Step): number {
  return (
    (votesLost(step).length > 0 ? 400 : 0) +
    (step.ways.length > 0 ? 200 : 0) +
    (step.interrupts.length > 0 ? 100 : 0) +
    step.layer
  )
}

function whyOf(step: Step): readonly string[] {
  const away = [...new Set(step.interrupts.filter((id) => !id.includes(':')).map(withoutHost))]
  return [
    ...votesLost(step).map(
      ({ group, before, during, needs }) => `${group} goes from ${before} to ${during}, needs ${needs}`,
    ),
    ...(step.ways.length > 0 ? ["the deployer's own way in"] : []),
    ...(away.length > 0
      ? [`away${step.maxSeconds > 0 ? ` for ${step.maxSeconds} s at most` : ''}: ${away.join(', ')}`]
      : []),
  ]
}

function withoutHost(id: string): string {
  const host = hostOf(id)
  return host === '' ? id : id.slice(0, -host.length - 1)
}

function votesLost({ groups }: Step) {
  return groups.filter(({ kind, before, during }) => kind === 'quorum' && during < before)
}
