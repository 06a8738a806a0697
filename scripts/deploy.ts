/** `quorate deploy`: brings the hosts to the definition, or says how it would. */
import { randomBytes } from 'node:crypto'
import { fstatSync } from 'node:fs'
import { hostname, networkInterfaces, userInfo } from 'node:os'
import { resolve } from 'node:path'
import type { PerHost } from '../renderers/renderer.ts'
import { discreet, type Discreet } from './discreet.ts'
import { sortedKeys } from './lib/bundle/canonical.ts'
import { deployTarget } from './lib/bundle/deploy-target.ts'
import { formerHosts } from './lib/bundle/former-hosts.ts'
import { deployedRef, openGit, type Git } from './lib/bundle/git.ts'
import type { Rendering, Way } from './lib/bundle/rendering.ts'
import { sinceDeployed } from './lib/bundle/since-deployed.ts'
import { access, type AccessOptions } from './lib/deployment/access.ts'
import { arrival, type Arrival } from './lib/deployment/arrival.ts'
import type { Clock } from './lib/deployment/clock.ts'
import { withDeparting } from './lib/deployment/departing.ts'
import { deploy as carryOut } from './lib/deployment/deploy.ts'
import type { Event } from './lib/deployment/event.ts'
import { heldBy, heldOutcome, settle } from './lib/deployment/hold.ts'
import type { Connect } from './lib/deployment/remote.ts'
import type { Outcome } from './lib/deployment/outcome.ts'
import { formsOf } from './lib/deployment/secret-forms.ts'
import { sopsSecrets, type SopsSecrets } from './lib/deployment/secrets.ts'
import { waysTo } from './lib/deployment/ways.ts'
import { wallClock } from './lib/deployment/wall-clock.ts'
import { FailureError, type Exit } from './lib/failure.ts'
import { deploymentLines, outcomeText } from './lib/review/deployment-text.ts'
import { rolloutText } from './lib/review/rollout-text.ts'
import { journeyText } from './lib/review/since-deployed-text.ts'
import { jumpHosts, ownHosts } from './lib/rollout/order.ts'
import { TamperedError } from './lib/secrets/refusals.ts'
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
  /** Files and folders that others get to see, to be searched for secrets when the run is over. */
  readonly artifacts: readonly string[]
  readonly identity?: string
  readonly knownHosts?: string
  readonly json: boolean
}

/** What the hosts are reached by, and whose time it is. */
export interface Reach {
  connect(ways: PerHost<Way>, options: AccessOptions): Promise<Connect>
  readonly clock: Clock
}

const real: Reach = {
  connect: (ways, options) => access(ways, options, process.env['SSH_AUTH_SOCK']),
  clock: wallClock,
}

/** Prints what happens as it happens, then the outcome. Throws a FailureError where it does not come to asking a host. */
export async function deploy(options: DeployOptions, terminal: Terminal, reach: Reach = real): Promise<Exit> {
  const quiet = discreet(terminal)
  const lab = resolve(options.lab)
  const { rendering: wanted, commit, uncommitted, renderers, again } = await deployTarget(options, quiet)
  const since = await sinceDeployed(lab, commit)
  quiet.note(journeyText(since, commit, uncommitted))
  const git = commit === null ? null : await openGit(again.repoRoot)
  // Whoever names a commit has decided what goes out.
  const held = git === null || commit === null || options.at !== undefined ? null : await heldBy(git, commit, since)
  if (held !== null && commit !== null) {
    const waits = heldOutcome(wanted.lab, commit, held)
    if (options.apply) return print(waits, options, quiet)
    quiet.note(`with --apply it would not begin: ${waits.failure?.what}\n`)
  }
  const before = await formerHosts(again, uncommitted ? null : commit)
  const rendering = withDeparting(wanted, before)
  const former = Object.fromEntries(Object.values(before).map(({ host, way }) => [host, way]))
  const connect = await reach.connect(waysTo(rendering, former), { ...options, lab })
  const secrets = await readableSecrets(lab, rendering, options.apply, quiet)
  if (secrets !== null) await keep(secrets, options, quiet)
  const text = deploymentLines({ now: () => Date.now(), groups: process.env['GITHUB_ACTIONS'] === 'true' })
  const plan = (event: Event) => {
    if (event.kind !== 'planned' || options.json || options.apply) return
    const from = since?.deployed?.slice(0, 7) ?? null
    const names = { columns: quiet.columns, from, to: commit?.slice(0, 7) ?? null, lines: () => null }
    quiet.out(rolloutText({ kind: 'rollout', rollout: event.rollout }, names))
  }
  const unfinished = (await git?.unfinished()) ?? null
  // Before any host is written to: whatever kills this run, another commit does not follow by itself.
  if (options.apply && commit !== null) await git?.setUnfinished(commit)
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
    clock: reach.clock,
    report: (event) => {
      quiet.note(text.lines(event))
      plan(event)
    },
    owner: `${userInfo().username}@${hostname()}`,
    run: workflowRun(process.env) ?? 'by hand',
    token: randomBytes(8).toString('hex'),
  })
  quiet.note(text.close())
  print(outcome, options, quiet)
  const end = arrival(outcome, options, Object.keys(wanted.hosts))
  quiet.note(await written(git, outcome, end, since?.deployed ?? null))
  if (options.apply && git !== null) quiet.note(await settle(git, outcome, end.kind === 'whole', unfinished))
  return outcome.exit
}

function print(outcome: Outcome, { json, apply }: DeployOptions, terminal: Terminal): Exit {
  if (json) terminal.out(`${JSON.stringify(sortedKeys(outcome), null, 2)}\n`)
  else if (outcome.failure === null) terminal.out(outcomeText(outcome, apply))
  else terminal.note(outcomeText(outcome, apply))
  return outcome.exit
}

/** Has nothing of what is printed from now on show a secret, and looks for them in what else is written. */
async function keep({ known }: SopsSecrets, { artifacts, json }: DeployOptions, terminal: Discreet): Promise<void> {
  terminal.hide(known)
  terminal.search(artifacts)
  // The runner reads them off standard output; where that goes into a file, as with --json, they would be kept there.
  if (json || process.env['GITHUB_ACTIONS'] !== 'true' || fstatSync(1).isFile()) return
  const { hideInLog } = await import('./lib/review/github.ts')
  hideInLog(known.flatMap(({ value }) => formsOf(value).map((form) => form.text)))
}

/** Moves the ref to the commit that all hosts are at now, and says where it stands. `from`: where it was when the run began. */
async function written(git: Git | null, outcome: Outcome, end: Arrival, from: string | null): Promise<string> {
  const stays = from === null ? `${deployedRef} is not made` : `${deployedRef} stays at ${from.slice(0, 7)}`
  if (end.kind === 'partial') return end.why === null ? '' : `${stays}: ${end.why}\n`
  const { commit } = outcome
  if (git === null || commit === null) return `${stays}: what is deployed is in no commit\n`
  if (commit === from) return ''
  if (await git.moveDeployed(commit, from)) {
    return `${deployedRef} is at ${commit.slice(0, 7)} now (for others: git push --force origin ${deployedRef})\n`
  }
  return `${deployedRef} was not moved: somebody moved it while this run went on; see "quorate status", and deploy again\n`
}

/** Null where they cannot be read and nothing is to be written: then the hosts' own word on these files has to do. */
async function readableSecrets(lab: string, rendering: Rendering, apply: boolean, terminal: Terminal) {
  try {
    return await sopsSecrets(lab, rendering.secrets)
  } catch (error) {
    if (apply || error instanceof TamperedError || !(error instanceof FailureError)) throw error
    const { what, where } = error.failure
    terminal.note(`${what} (${where}): files with secrets are compared by what the hosts report of them\n`)
    return null
  }
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
