/** How long a step may stay unconfirmed before every host takes it back by itself. */
import type { Probe } from '../../../renderers/renderer.ts'
import type { Step } from '../rollout/rollout.ts'
import type { GroupView } from './groups.ts'

/**
 * With HA armed: pve-ha's watchdog resets a node about 60 s after quorum was lost, and the last renewal may be 10 s old. So what costs quorum
 * has to be over within 30 s of its activation, and taking it back is given 6 of them. Seconds.
 */
const fencedSeconds = 24

/** For new connections and the host side's own work. Seconds. */
const reserveSeconds = 8

/** The least that is kept for the confirmation. Seconds. */
export const confirmSeconds = 3

export type Deadline =
  /** `seconds`: from arming to the timer. `soak`: how much of it the groups have to hold still. */
  | { readonly kind: 'armed'; readonly seconds: number; readonly soak: number }
  | { readonly kind: 'refused'; readonly why: string }

export interface DeadlineOptions {
  /** The written hosts' own, and the groups'. */
  readonly views: readonly GroupView[]
  /** Hosts whose watchdog may reset them when quorum is lost. */
  readonly fencing: readonly string[]
  /** How fast the clock runs. */
  readonly pace: number
}

/**
 * The units' time, then the longest that a probe may take to become well, then the soak. Probes wait side by side, so the longest counts;
 * of a group, only those of members that the step changes or interrupts have anything to wait for.
 */
export function deadlineOf(step: Step, { views, fencing, pace }: DeadlineOptions): Deadline {
  const soak = Math.max(0, ...views.map(({ group }) => group.soakSeconds))
  const within = Math.max(0, ...waiting(step, views).map((probe) => probe.withinSeconds))
  const work = (pace - 1) * 0.8
  const seconds = Math.ceil(step.maxSeconds + within + soak + reserveSeconds + work)
  const atRisk = votesAtRisk(step)
  if (atRisk.length === 0 || fencing.length === 0 || seconds <= fencedSeconds) return { kind: 'armed', seconds, soak }
  if (step.maxSeconds + soak + confirmSeconds <= fencedSeconds) return { kind: 'armed', seconds: fencedSeconds, soak }
  const names = atRisk.map(({ group }) => group).join(', ')
  const sum = `units ${step.maxSeconds} s, soak ${soak} s, confirmation ${confirmSeconds} s`
  return {
    kind: 'refused',
    why: `HA is armed on ${fencing.join(', ')}: a step that may interrupt ${names} has to be confirmed or on its way back within ${fencedSeconds} s, and this one needs ${step.maxSeconds + soak + confirmSeconds} s (${sum})`,
  }
}

/** Whether the step may cost a quorum votes, so that HA's watchdog matters to it. */
export function isAtRisk(step: Step): boolean {
  return votesAtRisk(step).length > 0
}

/** Layer 8 is the membership itself: where it is right no vote is missed, and where it is wrong all are, on all hosts at once. */
function votesAtRisk({ groups, layer }: Step): Step['groups'] {
  return groups.filter(({ kind, before, during }) => kind === 'quorum' && (during < before || layer === 8))
}

function waiting(step: Step, views: readonly GroupView[]): readonly Probe[] {
  const written = new Set(step.writes.map(({ host }) => host))
  return views.flatMap(({ group, members }) =>
    members
      .filter(({ id, host }) => written.has(host) || step.interrupts.includes(id) || step.completes.includes(group.id))
      .flatMap(({ up }) => up),
  )
}
