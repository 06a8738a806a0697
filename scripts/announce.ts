/** `quorate announce`: in a workflow, tells people on GitHub how a deployment ended, or what drifted. Needs no host and no secret of the lab. */
import { readFile } from 'node:fs/promises'
import type { Outcome } from './lib/deployment/outcome.ts'
import { harmless } from './lib/definition/shown.ts'
import { FailureError, type Exit } from './lib/failure.ts'
import { announceDeployment, type Audience } from './lib/review/announce-deployment.ts'
import { breachOf, type ContractName } from './lib/review/contract.ts'
import { deploymentSummary, type Surroundings } from './lib/review/deployment-announcement.ts'
import { announceDrift, driftSummary, type DriftDocument } from './lib/review/drift-announcement.ts'
import { openGitHub } from './lib/review/github-api.ts'
import { isLinkable, isRepository } from './lib/review/github-names.ts'
import { clipped } from './lib/review/markdown.ts'
import { loginOf } from './lib/review/own-comment.ts'
import type { Revert } from './lib/review/revert-branch.ts'
import type { Terminal } from './terminal.ts'

export interface AnnounceOptions {
  /** The file that `deploy --json` printed to. */
  readonly outcome?: string
  /** The file that `drift --json` printed to. */
  readonly drift?: string
  /** Where the outcome does not say it: the commit that was to be deployed. */
  readonly commit?: string
  /** Where there is no outcome: how the command ended. */
  readonly exit?: string
  readonly revert?: Revert
  readonly repository?: string
  readonly author?: string
  readonly dryRun: boolean
  readonly json: boolean
}

/** With `dryRun` the text is printed, and nothing is sent. Throws a FailureError where something could not be told. */
export async function announce(
  options: AnnounceOptions,
  terminal: Terminal,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Exit> {
  const told: string[] = []
  const tell = (line: string) => {
    told.push(line)
    terminal.note(`${line}\n`)
  }
  const body = await (options.drift === undefined
    ? deploymentOf(options, terminal, environment, tell)
    : driftOf(options, options.drift, environment, tell))
  if (options.json) terminal.out(`${JSON.stringify({ format: 1, told, body })}\n`)
  else if (options.dryRun) terminal.out(body)
  return 0
}

async function deploymentOf(
  options: AnnounceOptions,
  terminal: Terminal,
  environment: NodeJS.ProcessEnv,
  tell: (line: string) => void,
): Promise<string> {
  if (options.outcome === undefined)
    throw wrong('it is not known what to announce', 'say --outcome FILE or --drift FILE')
  const outcome = await outcomeIn(options.outcome, terminal)
  const commit = outcome?.commit ?? commitOf(options.commit)
  const ending = { outcome, commit, exit: options.exit ?? null }
  const around = surroundings(options, environment)
  if (!options.dryRun) await announceDeployment(ending, around, await audience(options, environment), tell)
  return deploymentSummary(ending, around)
}

async function driftOf(
  options: AnnounceOptions,
  file: string,
  environment: NodeJS.ProcessEnv,
  tell: (line: string) => void,
): Promise<string> {
  if (options.outcome !== undefined)
    throw wrong('there are two things to announce', 'say --outcome or --drift, not both')
  const document = await documentIn<DriftDocument>(file, 'drift')
  const { run } = surroundings(options, environment)
  if (!options.dryRun) tell(await announceDrift(document, run, await audience(options, environment)))
  return driftSummary(document, run)
}

/** A run that broke off leaves nothing or half of it: that is told as well, and never taken for well. */
async function outcomeIn(file: string, terminal: Terminal): Promise<Outcome | null> {
  try {
    return await documentIn<Outcome>(file, 'outcome')
  } catch (error) {
    if (!(error instanceof FailureError)) throw error
    terminal.note(`there is no outcome: ${error.failure.what}\n`)
    return null
  }
}

async function documentIn<Document>(file: string, name: ContractName): Promise<Document> {
  const failure = (what: string) => {
    const next = 'see in the run that made it why'
    return new FailureError({ what: clipped(harmless(what), 300), where: file, now: 'nothing was sent', next }, 4)
  }
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw failure(`it cannot be read: ${error instanceof Error ? error.message : ''}`)
  })
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    throw failure(text === '' ? 'it is empty' : 'it is no JSON')
  }
  const breach = breachOf(name, document)
  if (breach !== null) throw failure(breach)
  return document as Document
}

function surroundings({ revert }: AnnounceOptions, environment: NodeJS.ProcessEnv): Surroundings {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name, GITHUB_RUN_ID: id } = environment
  const linked = (url: string) => (isLinkable(url) ? url : null)
  const repository = server === undefined || name === undefined ? null : linked(`${server}/${name}`)
  const run = repository === null || id === undefined ? null : linked(`${repository}/actions/runs/${id}`)
  return { run, repository, revert: revert ?? null }
}

async function audience(options: AnnounceOptions, environment: NodeJS.ProcessEnv): Promise<Audience> {
  const repository = options.repository ?? environment['GITHUB_REPOSITORY'] ?? ''
  if (!isRepository(repository)) {
    throw wrong(
      `${JSON.stringify(repository)} is no repository`,
      'say --repository OWNER/NAME, or run it in a workflow',
    )
  }
  const url = environment['GITHUB_API_URL'] ?? 'https://api.github.com'
  const github = openGitHub(url, environment['GITHUB_TOKEN'] ?? '')
  return { github, repository, author: options.author ?? (await loginOf(github)) }
}

/** It becomes part of an address. */
function commitOf(hash: string | undefined): string | null {
  if (hash === undefined || hash === '') return null
  if (/^[0-9a-f]{40,64}$/.test(hash)) return hash
  throw wrong(`--commit ${JSON.stringify(hash)} is no full hash`, 'give the whole hash')
}

function wrong(what: string, next: string): FailureError {
  return new FailureError({ what, where: 'announce', now: 'nothing was sent', next }, 2)
}
