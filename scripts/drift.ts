/** `quorate drift`: the hosts against what was last deployed to them. Needs no secret. */
import { sortedKeys } from './lib/bundle/canonical.ts'
import type { LabState } from './lib/deployment/drift.ts'
import type { Exit } from './lib/failure.ts'
import { driftText } from './lib/review/lab-state-text.ts'
import { labState, type StatusOptions } from './status.ts'
import type { Terminal } from './terminal.ts'

/** 0: every file is as deployed; 1: some are not; 4: a host did not answer. */
export async function drift(options: StatusOptions, terminal: Terminal): Promise<Exit> {
  const state = await labState(options, terminal)
  terminal.out(options.json ? `${JSON.stringify(sortedKeys(driftDocument(state)), null, 2)}\n` : driftText(state))
  const states = Object.values(state.hosts)
  if (states.some(({ drift: files }) => files.length > 0)) return 1
  return states.every(({ reachable }) => reachable) ? 0 : 4
}

/** What --json prints. */
export function driftDocument({ format, lab, hosts }: LabState) {
  const entries = Object.entries(hosts).map(([host, { reachable, why, commit, drift: files }]) => [
    host,
    { reachable, why, commit, drift: files },
  ])
  return { format, lab, hosts: Object.fromEntries(entries) as Record<string, unknown> }
}
