/** `quorate status`: what each host is at, what is pending there, and who holds the lease. */
import { resolve } from 'node:path'
import { sortedKeys } from './lib/bundle/canonical.ts'
import { requireRendering } from './lib/bundle/lab-rendering.ts'
import { loadRenderers } from './lib/definition/registry.ts'
import { access } from './lib/deployment/access.ts'
import { stateOfLab, type LabState } from './lib/deployment/drift.ts'
import { waysTo } from './lib/deployment/ways.ts'
import { FailureError, type Exit } from './lib/failure.ts'
import { statusText } from './lib/review/lab-state-text.ts'
import { repoRootOf } from './lib/roots.ts'
import type { Terminal } from './terminal.ts'

export interface StatusOptions {
  /** The lab's folder. */
  readonly lab: string
  /** These hosts only; empty: all. */
  readonly host: readonly string[]
  readonly identity?: string
  readonly knownHosts?: string
  readonly json: boolean
}

/** 0: every host answered; 4: one did not. */
export async function status(options: StatusOptions, terminal: Terminal): Promise<Exit> {
  const state = await labState(options, terminal)
  terminal.out(options.json ? `${JSON.stringify(sortedKeys(state), null, 2)}\n` : statusText(state, Date.now()))
  return Object.values(state.hosts).every(({ reachable }) => reachable) ? 0 : 4
}

/** Asks the hosts of the lab in a folder. Throws a FailureError where it does not come to that. */
export async function labState(options: StatusOptions, terminal: Terminal): Promise<LabState> {
  const lab = resolve(options.lab)
  const repoRoot = repoRootOf(lab)
  const report = { note: (text: string) => terminal.note(text), colour: terminal.colour, warnings: false }
  const rendering = await requireRendering(lab, repoRoot, await loadRenderers(repoRoot), report)
  const stranger = options.host.find((host) => !Object.hasOwn(rendering.hosts, host))
  if (stranger !== undefined) {
    const next = `name one of: ${Object.keys(rendering.hosts).join(', ')}`
    throw new FailureError(
      { what: `"${stranger}" is no host of the lab`, where: '--host', now: 'no host was contacted', next },
      2,
    )
  }
  const connect = await access(waysTo(rendering, {}), { ...options, lab }, process.env['SSH_AUTH_SOCK'])
  return stateOfLab(rendering, options.host, connect)
}
