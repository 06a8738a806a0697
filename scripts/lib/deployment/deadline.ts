/** How long a step may stay unconfirmed before every host takes it back by itself. */
import type { Probe } from '../../../renderers/renderer.ts'
import type { Step } from '../rollout/rollout.ts'
import type { GroupView } from './groups.ts'

/** Staying behind the fence: pve-ha's watchdog resets a node about 60 s after quorum was lost, and the last renewal may be 10 s old. */
export const fenceSeconds = 30

/** New connections, the host side's own work, and the way of the confirmation. */
const reserveSeconds = 20

/** From arming to the timer, in seconds by the clock. `pace`: how fast that clock runs. */
export function deadlineOf(step: Step, probes: readonly Probe[], groups: readonly GroupView[], pace: number): number {
  const within = [...probes, ...groups.flatMap(({ members }) => members.flatMap(({ up }) => up))].map(
    (probe) => probe.withinSeconds,
  )
  const soak = groups.map(({ group }) => group.soakSeconds)
  return Math.ceil(step.maxSeconds + Math.max(0, ...within) + Math.max(0, ...soak) + reserveSeconds + (pace - 1) * 0.8)
}
