/** What people are told of drift on GitHub: one issue while there is any. */
import type { Drift } from '../deployment/assess.ts'
import { markerFor } from './comment-marker.ts'
import { type Audience } from './announce-deployment.ts'
import { driftKinds } from './lab-state-text.ts'
import { shortCode } from './markdown.ts'
import { closeIssue, keepIssue, openIssue } from './own-issue.ts'
import { tableWithin } from './outcome-markdown.ts'
import { counted } from './step-numbers.ts'

/** What `drift --json` prints, as far as it is told here. */
export interface DriftDocument {
  readonly lab: string
  readonly hosts: Readonly<Record<string, DriftedHost>>
}

interface DriftedHost {
  readonly reachable: boolean
  readonly why: string | null
  readonly drift: readonly Pick<Drift, 'path' | 'kind'>[]
}

const room = 40_000

/** GitHub-flavoured Markdown of at most some 50,000 characters; ends with a newline. `run`: the address of the run, which may be linked. */
export function driftSummary({ hosts }: DriftDocument, run: string | null): string {
  const drifted = Object.entries(hosts).flatMap(([host, { drift }]) => drift.map((file) => ({ host, ...file })))
  const away = Object.entries(hosts).filter(([, { reachable }]) => !reachable)
  const gone = away.length === 0 ? '' : `; ${counted(away.length, 'host')} did not answer`
  const count = `${counted(drifted.length, 'file')} ${drifted.length === 1 ? 'is' : 'are'} not as deployed`
  const place = run === null ? 'in the artifact "drift"' : `in the artifact "drift" of its [run](${run})`
  const rows = [
    ...drifted.map(({ host, path, kind }) => [shortCode(host, 80), shortCode(path, 300), driftKinds[kind]]),
    ...away.map(([host, { why }]) => [shortCode(host, 80), '–', `not known: ${shortCode(why ?? 'no answer', 300)}`]),
  ]
  const blocks = [
    `### ${drifted.length === 0 ? (away.length === 0 ? '✅ no drift' : '❓ no drift seen') : `⚠️ ${count}`}${gone}`,
    tableWithin(['host', 'file', 'what'], rows, room, 'line', place),
    drifted.length === 0 ? '' : wayOn,
    run === null ? '' : `[Its run](${run}) has the log.`,
  ]
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`
}

const wayOn = `**What now?** A deployment does not overwrite what somebody edited. \`quorate deploy\` shows what is different; bring it into the lab, or have it
replaced with \`--override HOST:PATH\`. This issue is closed by the first run that finds no drift on any host.`

/** Opens, updates or closes the issue; what was done, in a line. A host that does not answer is no reason to open one, nor to close it. */
export async function announceDrift(
  document: DriftDocument,
  run: string | null,
  { github, repository, author }: Audience,
): Promise<string> {
  const hosts = Object.values(document.hosts)
  const isDrifted = hosts.some(({ drift }) => drift.length > 0)
  const before = await openIssue(github, { repository, author, lab: document.lab, about: 'drift' })
  if (before === null && !isDrifted) return 'there is no drift, and no issue about any'
  if (before !== null && !isDrifted && hosts.every(({ reachable }) => reachable)) {
    await closeIssue(
      github,
      repository,
      before,
      `Every file on ${counted(hosts.length, 'host')} is as it was deployed.\n`,
    )
    return `issue ${before.number} is closed`
  }
  const marker = markerFor(document.lab, before?.body ?? null, 'drift')
  const wanted = {
    title: `Drift on the hosts of ${nameOf(document)}`,
    body: `${marker}\n${driftSummary(document, run)}`,
  }
  const { action, number } = await keepIssue(github, repository, before, wanted)
  return `issue ${number} is ${action}`
}

function nameOf({ lab }: DriftDocument): string {
  return /^[a-z][a-z0-9-]{0,31}$/.test(lab) ? lab : 'the lab'
}
