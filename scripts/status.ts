/** `quorate status`: what each host is at, what is pending there, and who holds the lease. */
import { resolve } from 'node:path'
import { sortedKeys } from './lib/bundle/canonical.ts'
import { openGit } from './lib/bundle/git.ts'
import { requireRendering } from './lib/bundle/lab-rendering.ts'
import { sinceDeployed, type SinceDeployed } from './lib/bundle/since-deployed.ts'
import { loadRenderers } from './lib/definition/registry.ts'
import { access } from './lib/deployment/access.ts'
import { stateOfLab, type LabState } from './lib/deployment/drift.ts'
import { waysTo } from './lib/deployment/ways.ts'
import { FailureError, type Exit } from './lib/failure.ts'
import { statusText } from './lib/review/lab-state-text.ts'
import { deployedText, unfinishedText } from './lib/review/since-deployed-text.ts'
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
  const git = await openGit(repoRootOf(options.lab))
  const since = await sinceDeployed(options.lab, git === null ? null : (await git.current()).commit)
  const unfinished = (await git?.unfinished()) ?? null
  const document = statusDocument(state, since, unfinished)
  if (options.json) terminal.out(`${JSON.stringify(sortedKeys(document), null, 2)}\n`)
  else terminal.out(`${statusText(state, Date.now())}${deployedText(since)}${unfinishedText(unfinished)}`)
  return Object.values(state.hosts).every(({ reachable }) => reachable) ? 0 : 4
}

/** What --json prints. */
export function statusDocument(state: LabState, since: SinceDeployed | null, unfinished: string | null) {
  return { ...state, deployed: since?.deployed ?? null, undeployed: since?.ahead ?? [], unfinished }
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
