/** What the hosts are at, and what drifted, for a terminal. */
import { harmless } from '../definition/shown.ts'
import type { HostState, LabState } from '../deployment/drift.ts'

/** What somebody did to a file. */
export const driftKinds = { edited: 'edited', mode: 'other mode or owner', missing: 'removed' } as const

/** One line per host that drifted or could not be asked, then one for all. */
export function driftText({ hosts }: LabState): string {
  const lines = Object.entries(hosts).flatMap(([host, state]) => {
    if (!state.reachable) return [`${host}  not known: ${harmless(state.why ?? '')}`]
    return state.drift.map(({ path, kind }) => `${host}  ${path}  ${driftKinds[kind]}`)
  })
  return [...lines, driftSummary(Object.values(hosts)), ''].join('\n')
}

function driftSummary(states: readonly HostState[]): string {
  const drifted = states.reduce((sum, { drift }) => sum + drift.length, 0)
  const away = states.filter(({ reachable }) => !reachable).length
  const gone = away === 0 ? '' : `, ${away} ${away === 1 ? 'host' : 'hosts'} did not answer`
  if (drifted === 0)
    return `no drift on ${states.length - away} ${states.length - away === 1 ? 'host' : 'hosts'}${gone}`
  return `${drifted} ${drifted === 1 ? 'file is' : 'files are'} not as deployed${gone}`
}

/** A line per host: commit, when, drift, what is pending, who holds the lease. `now`: milliseconds since 1970. */
export function statusText({ hosts }: LabState, now: number): string {
  const width = Math.max(0, ...Object.keys(hosts).map((host) => host.length))
  const lines = Object.entries(hosts).map(([host, state]) => `${host.padEnd(width)}  ${hostLine(state, now)}`)
  return [...lines, ''].join('\n')
}

function hostLine(state: HostState, now: number): string {
  if (!state.reachable) return `not known: ${harmless(state.why ?? '')}`
  const at =
    state.deployedAt === null
      ? 'nothing was deployed yet'
      : `${state.commit?.slice(0, 7) ?? 'no commit'}, ${age(now - Date.parse(state.deployedAt))} ago`
  const drift = state.drift.length === 0 ? 'no drift' : `${state.drift.length} drifted`
  const lease =
    state.lease === null
      ? []
      : [`lease held by ${state.lease.owner} (${state.lease.run}), ${state.lease.leftSeconds} s left`]
  const ha = ['armed', 'disarming', 'disarmed'].includes(state.ha ?? '') ? [`HA ${state.ha}`] : []
  return harmless([at, drift, ...state.pending, ...lease, ...ha].join(' · '))
}

function age(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / 60_000))
  if (minutes < 120) return `${minutes} min`
  return minutes < 2880 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} days`
}
