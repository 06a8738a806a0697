/** What a step asks a host that it writes on, of that host alone: its part's own probes, and whether the units that were told something are stable. */
import type { Act, Agreement, Probe } from '../../../renderers/renderer.ts'
import type { GroupView } from './groups.ts'

/** So long a unit has to go on as it is: longer than most daemons take to die of what they were told. Seconds. */
export const stableSeconds = 12

/**
 * Asked like a group that the host is alone in. A unit that was started, restarted or reloaded has to be up, and in the same run of it for
 * `stableSeconds`; on a `bare` host, which nothing of the lab has run on yet, it only has to be up: there is nothing to go back to.
 */
export function ownView(host: string, probes: readonly Probe[], acts: readonly Act[] = [], bare = false): GroupView {
  const units = toldUnits(acts)
  const up = [
    ...probes,
    ...units.flatMap((unit) => (isAsked(unit, probes) ? [] : [hasNotFailed(unit), hasNotEnded(unit)])),
  ]
  const member = { id: host, host, votes: 0, needs: [], provides: [], up }
  const soakSeconds = bare || units.length === 0 ? 0 : stableSeconds
  const agree = bare ? [] : units.map(sameRun)
  return { group: { id: host, kind: 'pool', minimum: 0, soakSeconds, members: [member], agree }, members: [member] }
}

/** Whether a probe of the part's own wants the unit to be active, which is more. */
function isAsked(unit: string, probes: readonly Probe[]): boolean {
  return probes.some(
    ({ run, exit }) => run.join(' ') === `systemctl is-active ${unit}` && exit.every((code) => code === 0),
  )
}

function toldUnits(acts: readonly Act[]): readonly string[] {
  const runs: readonly string[] = ['start', 'restart', 'reload']
  return [...new Set(acts.flatMap((act) => ('unit' in act && runs.includes(act.do) ? [act.unit] : [])))]
}

/** "activating" lasts where systemd waits before it starts a unit that died once more: what it was told is over by now. */
function hasNotFailed(unit: string): Probe {
  return {
    title: `${unit} has not failed`,
    run: ['systemctl', 'is-failed', unit],
    exit: [1],
    stdout: '^(active|reloading|inactive)$',
    withinSeconds: 10,
  }
}

/** Only a oneshot may be over, and a unit whose condition is not met may not have begun. systemd prints properties in an order of its own. */
function hasNotEnded(unit: string): Probe {
  return {
    title: `${unit} has not ended`,
    run: show(unit),
    exit: [0],
    stdout: '^ActiveState=(?!inactive$)|(?=[^]*^ActiveState=inactive$)(?=[^]*^(ConditionResult=no|Type=oneshot)$)',
    withinSeconds: 10,
  }
}

/** An automatic restart is another invocation, and so is one by hand. */
function sameRun(unit: string): Agreement {
  return { title: `the run of ${unit}`, run: show(unit), pick: '^InvocationID=.*$', across: 'same' }
}

function show(unit: string): readonly string[] {
  return ['systemctl', 'show', '--property=ActiveState,ConditionResult,InvocationID,Type', unit]
}
