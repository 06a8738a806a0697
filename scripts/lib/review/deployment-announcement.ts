/** What people are told of a deployment on GitHub: one text for the job's summary, the merged pull request and the issue. Pure. */
import { unfinishedRef } from '../bundle/git.ts'
import { markerFor } from './comment-marker.ts'
import { endOf, isWell, type End, type Ending } from './deployment-end.ts'
import { code } from './markdown.ts'
import { revertWords, type Revert } from './revert-branch.ts'
import { outcomeBlocks } from './outcome-markdown.ts'

/** Where it happened, and what was prepared. */
export interface Surroundings {
  /** The address of its run, which may be linked. */
  readonly run: string | null
  /** "https://github.com/owner/name", which may be linked. */
  readonly repository: string | null
  /** What became of the branch that takes the change back; null where nobody tried. */
  readonly revert: Revert | null
}

const signs: Readonly<Record<End['kind'], string>> = {
  deployed: '✅',
  nothing: '✅',
  reverted: '↩️',
  person: '❌',
  held: '✋',
  busy: '✋',
  untouched: '❌',
  unknown: '❌',
}

/** Of a comment or an issue; without its marker it is the job's summary. At most some 60,000 characters. */
export function deploymentBody(ending: Ending, around: Surroundings, before: string | null): string {
  return `${markerFor(labOf(ending), before, 'deployment')}\n${deploymentSummary(ending, around)}`
}

/** Of the comment, in the issue about an earlier deployment, that says which commit waits for it. */
export function waitingBody(ending: Ending, around: Surroundings, before: string | null): string {
  return `${markerFor(labOf(ending), before, 'waiting')}\n${deploymentSummary(ending, around)}`
}

/** GitHub-flavoured Markdown; ends with a newline. */
export function deploymentSummary(ending: Ending, around: Surroundings): string {
  const end = endOf(ending)
  const { outcome } = ending
  const place =
    around.run === null ? 'in the artifact "outcome"' : `in the artifact "outcome" of its [run](${around.run})`
  const commit = ending.commit === null ? '' : ` &nbsp; ${code(short(ending.commit))}`
  const blocks = [
    `### ${signs[end.kind]} ${end.words}${commit}`,
    ...(outcome === null ? [] : outcomeBlocks(outcome, place)),
    isWell(end) ? '' : wayOn(ending, end, around),
    around.run === null ? '' : `[Its run](${around.run}) has the log.`,
  ]
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`
}

/** What an issue about it is called. */
export function deploymentTitle(ending: Ending): string {
  const of = ending.commit === null ? '' : ` of ${short(ending.commit)}`
  return `The deployment${of} to ${labOf(ending) ?? 'the hosts'} needs somebody`
}

/** The last words in the issue. */
export function closingText(ending: Ending): string {
  const commit = ending.commit === null ? 'The hosts' : `${code(short(ending.commit))} is deployed: all hosts`
  return `${commit} are as their definition says. What was held meanwhile goes out with the next deployment; the workflow "deploy", run by hand, begins one.\n`
}

/** At most 140 characters, as GitHub takes for a status. */
export function statusText(end: End): string {
  return end.words.length <= 140 ? end.words : `${end.words.slice(0, 139)}…`
}

/** The lab's name, where there is one that could be a lab's. */
export function labOf({ outcome }: Ending): string | null {
  return outcome !== null && /^[a-z][a-z0-9-]{0,31}$/.test(outcome.lab) ? outcome.lab : null
}

function wayOn({ outcome, commit }: Ending, { kind }: End, { revert, repository }: Surroundings): string {
  const held = outcome?.held
  const failed = held?.unfinished ?? commit
  const lines = [
    ...(failed === null
      ? []
      : [`again: run the deployment of ${code(short(failed))} once more ("Re-run jobs" of its run)`]),
    `on: run the workflow "deploy" by hand with ${commit === null ? 'a commit' : code(short(commit))} or a later commit as ${code('at')}`,
    ...(commit === null || held !== undefined ? [] : revertWords(commit, revert, repository)),
    ...(held?.deployed == null
      ? []
      : [`back: run the workflow "deploy" by hand with ${code(short(held.deployed))} as ${code('at')}`]),
  ]
  const head = `**What now?** Nothing later is deployed until somebody has decided (${code(unfinishedRef)} says so to every deployment)${
    kind === 'unknown' ? `; ${code('quorate status')} says what each host is at` : ''
  }:`
  return [head, '', ...lines.map((line) => `- ${line}`)].join('\n')
}

function short(commit: string): string {
  return commit.slice(0, 7)
}
