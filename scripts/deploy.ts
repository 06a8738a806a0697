/** `quorate deploy`: brings the hosts to the definition, or says how it would. */
import { randomBytes } from 'node:crypto'
import { hostname, networkInterfaces, userInfo } from 'node:os'
import { relative, resolve, sep } from 'node:path'
import type { PerHost, Renderer } from '../renderers/renderer.ts'
import { sortedKeys } from './lib/bundle/canonical.ts'
import { openGit } from './lib/bundle/git.ts'
import { requireRendering } from './lib/bundle/lab-rendering.ts'
import type { Bundle, Rendering } from './lib/bundle/rendering.ts'
import { renderRevision } from './lib/bundle/revision.ts'
import { loadRenderers } from './lib/definition/registry.ts'
import { access } from './lib/deployment/access.ts'
import { withDeparting } from './lib/deployment/departing.ts'
import { deploy as carryOut } from './lib/deployment/deploy.ts'
import type { Event } from './lib/deployment/event.ts'
import { masked } from './lib/deployment/mask.ts'
import { sopsSecrets } from './lib/deployment/secrets.ts'
import { waysTo } from './lib/deployment/ways.ts'
import { wallClock } from './lib/deployment/wall-clock.ts'
import { FailureError, type Exit } from './lib/failure.ts'
import { deploymentLines, outcomeText } from './lib/review/deployment-text.ts'
import { rolloutText } from './lib/review/rollout-text.ts'
import { jumpHosts, ownHosts } from './lib/rollout/order.ts'
import { packageRoot, repoRootOf } from './lib/roots.ts'
import type { Terminal } from './terminal.ts'

export interface DeployOptions {
  /** The lab's folder. */
  readonly lab: string
  readonly apply: boolean
  /** Deploy this revision instead of what is in the working tree. */
  readonly at?: string
  readonly only: readonly string[]
  readonly without: readonly string[]
  readonly adopt: boolean
  readonly override: readonly string[]
  readonly acceptOutage: readonly string[]
  readonly keep: boolean
  readonly reviewed?: string
  readonly identity?: string
  readonly knownHosts?: string
  readonly json: boolean
}

/** Prints what happens as it happens, then the outcome. Throws a FailureError where it does not come to asking a host. */
export async function deploy(options: DeployOptions, terminal: Terminal): Promise<Exit> {
  const lab = resolve(options.lab)
  const { rendering: wanted, commit, renderers } = await target(options, lab, terminal)
  const before = await formerHosts(lab, options.at, wanted.lab, renderers, terminal)
  const rendering = withDeparting(wanted, before)
  const former = Object.fromEntries(Object.values(before).map(({ host, way }) => [host, way]))
  const connect = await access(waysTo(rendering, former), { ...options, lab }, process.env['SSH_AUTH_SOCK'])
  const secrets = await readableSecrets(lab, rendering, options.apply, terminal)
  const clean = (text: string) => masked(text, secrets?.seen() ?? [])
  const text = deploymentLines({ now: () => Date.now(), groups: process.env['GITHUB_ACTIONS'] === 'true' })
  const plan = (event: Event) => {
    if (event.kind !== 'planned' || options.json || options.apply) return
    const names = { columns: terminal.columns, from: null, to: commit?.slice(0, 7) ?? null, lines: () => null }
    terminal.out(clean(rolloutText({ kind: 'rollout', rollout: event.rollout }, names)))
  }
  const outcome = await carryOut({
    ...options,
    target: rendering,
    renderers,
    secrets,
    commit,
    reviewed: options.reviewed ?? null,
    ...lastHosts(rendering),
    formerWays: former,
    connect,
    clock: wallClock,
    report: (event) => {
      terminal.note(clean(text.lines(event)))
      plan(event)
    },
    owner: `${userInfo().username}@${hostname()}`,
    run: workflowRun(process.env) ?? 'by hand',
    token: randomBytes(8).toString('hex'),
  })
  terminal.note(text.close())
  if (options.json) terminal.out(`${clean(JSON.stringify(sortedKeys(outcome), null, 2))}\n`)
  else if (outcome.failure === null) terminal.out(clean(outcomeText(outcome, options.apply)))
  else terminal.note(clean(outcomeText(outcome, options.apply)))
  return outcome.exit
}

/** What the hosts should hold. What is not committed is shown, but never deployed: nobody could say later what the hosts hold. */
async function target(options: DeployOptions, lab: string, terminal: Terminal) {
  const repoRoot = repoRootOf(lab)
  const renderers = await loadRenderers(repoRoot)
  const report = { note: (text: string) => terminal.note(text), colour: terminal.colour, warnings: false }
  const render = (folder: string, root: string) => requireRendering(folder, root, renderers, report)
  const labPath = relative(repoRoot, lab).split(sep).join('/')
  if (options.at !== undefined) {
    const again = (folder: string) => render(folder, resolve(folder, relative(labPath, '.')))
    const current = await render(lab, repoRoot)
    const old = await renderRevision({
      repoRoot,
      labPath,
      packageRoot,
      revision: options.at,
      lab: current.lab,
      render: again,
    })
    if (old.note === null) return { rendering: old.rendering, commit: old.commit, renderers }
    throw refused(
      `there is nothing to deploy at ${options.at}: ${old.note}`,
      '--at',
      'name a commit that holds the lab',
    )
  }
  const git = await openGit(repoRoot)
  const { commit, uncommitted } = (await git?.current()) ?? { commit: null, uncommitted: false }
  if (uncommitted && options.apply) {
    const next = 'commit first, or deploy a commit with --at REV (--at HEAD leaves out what is not committed)'
    throw refused('the working tree has changes that are not committed', repoRoot, next)
  }
  return { rendering: await render(lab, repoRoot), commit, renderers }
}

/** Null where they cannot be read and nothing is to be written: then the hosts' own word on these files has to do. */
async function readableSecrets(lab: string, rendering: Rendering, apply: boolean, terminal: Terminal) {
  try {
    return await sopsSecrets(lab, rendering.secrets)
  } catch (error) {
    if (apply || !(error instanceof FailureError)) throw error
    const { what, where } = error.failure
    terminal.note(`${what} (${where}): files with secrets are compared by what the hosts report of them\n`)
    return null
  }
}

/**
 * The hosts in the commit before, and in the current one where an older one is deployed: a change of an address has to reach its host by the old
 * one, and a node that leaves has to be told so.
 */
async function formerHosts(
  lab: string,
  at: string | undefined,
  name: string,
  renderers: readonly Renderer[],
  terminal: Terminal,
): Promise<PerHost<Bundle>> {
  const repoRoot = repoRootOf(lab)
  const labPath = relative(repoRoot, lab).split(sep).join('/')
  const report = { note: () => {}, colour: terminal.colour, warnings: false }
  const render = (folder: string) =>
    requireRendering(folder, resolve(folder, relative(labPath, '.')), renderers, report)
  const hostsAt = async (revision: string): Promise<PerHost<Bundle>> => {
    try {
      return (await renderRevision({ repoRoot, labPath, packageRoot, revision, lab: name, render })).rendering.hosts
    } catch (error) {
      // The first commit has none before it, and one that could not be rendered was never deployed.
      if (error instanceof FailureError) return {}
      throw error
    }
  }
  return { ...(await hostsAt('HEAD^')), ...(at === undefined ? {} : await hostsAt('HEAD')) }
}

/** The nodes that guests are reached through, and the hosts that this runs on or goes out through. */
function lastHosts(rendering: Rendering) {
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address) ?? [])
  const own = ownHosts(rendering, { hostname: hostname(), addresses })
  return { last: [...new Set([...jumpHosts(rendering), ...own])].toSorted(), own }
}

function workflowRun(environment: NodeJS.ProcessEnv): string | null {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = environment
  return server === undefined || repository === undefined || run === undefined
    ? null
    : `${server}/${repository}/actions/runs/${run}`
}

function refused(what: string, where: string, next: string): FailureError {
  return new FailureError({ what, where, now: 'no host was contacted', next }, 2)
}
