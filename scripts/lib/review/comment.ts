/** The one comment on a pull request: what it would do to the hosts, the verdict first. Pure: the same review gives the same letters. */
import { createHash } from 'node:crypto'
import type { Change } from '../bundle/change.ts'
import type { FileDiff } from '../bundle/diff.ts'
import type { SinceDeployed } from '../bundle/since-deployed.ts'
import type { Problem } from '../definition/problem.ts'
import type { Plan } from '../rollout/rollout.ts'
import type { RehearsalReport } from '../twin/report.ts'
import { codeWithin } from './code-within.ts'
import { changesWithin, removedWithin, secretsWithin } from './changes-within.ts'
import { earlierIn, markerFor, stateLine, type Earlier } from './comment-marker.ts'
import { blocksWithin, fenceWithin, listWithin } from './fitting.ts'
import { linesOf } from './line-counts.ts'
import { shortCode } from './markdown.ts'
import { problemsWithin } from './problems-markdown.ts'
import { rehearsalBlocks } from './rehearsal-markdown.ts'
import { risks } from './risk.ts'
import { rolloutMarkdown } from './rollout-markdown.ts'
import { undeployedText } from './since-deployed-text.ts'
import { verdictOf } from './verdict.ts'
import { visible } from './visible.ts'

/** What is known of a pull request. Null: it was not made, or nothing can be said. */
export interface Review {
  /** The lab's name; null where there is an error in its definition. */
  readonly lab: string | null
  readonly problems: readonly Problem[] | null
  readonly changes: {
    readonly base: string | null
    readonly changes: readonly Change[]
    readonly diffs: readonly FileDiff[]
    readonly sinceDeployed: SinceDeployed | null
  } | null
  /** Paths of code that changes with it: what works out the review, and what a deployment runs. */
  readonly code: readonly string[]
  readonly plan: Plan | null
  readonly rehearsal: RehearsalReport | null
  /** The commit that was reviewed: the full hash. */
  readonly head: string | null
  /** The address of the artifact that holds everything. */
  readonly artifact: string | null
}

/** GitHub takes 65,536 characters; some are kept free. */
export const mostCharacters = 60_000

/** What each section may take at most; the changes get what is left, 14,000 or more. */
const rooms = {
  code: 2000,
  problems: 8000,
  rollout: 17_000,
  rehearsal: 9000,
  undeployed: 3000,
  removed: 4000,
  secrets: 3000,
}

/** The comment's body; its first line is the hidden marker. `before`: the body that it takes the place of. */
export function commentBody(review: Review, before: string | null): string {
  const { changes, plan, problems, rehearsal } = review
  const place = placeOf(review.artifact)
  const diffs = changes?.diffs ?? []
  const riskOf = risks(plan)
  const state = hostsState(review)
  const earlier = before === null ? null : earlierIn(before)
  const since = earlier !== null && earlier.state === state ? earlier.since : review.head
  const head = [
    markerFor(review.lab, before),
    ...(state !== null && since !== null ? [stateLine({ state, since })] : []),
    `### ${verdictOf(review)}${journey(review)}${samePush(review, since, earlier)}`,
  ].join('\n')
  const above = [
    codeWithin(review.code, rooms.code, place),
    problemsWithin(problems ?? [], rooms.problems, place),
    plan === null ? '' : rolloutMarkdown(plan, linesOf(diffs), rooms.rollout, place),
    rehearsal === null ? '' : rehearsalWithin(rehearsal, place),
    undeployed(changes?.sinceDeployed ?? null, place),
  ]
  const below = [
    removedWithin(diffs, riskOf, rooms.removed, place),
    secretsWithin(diffs, rooms.secrets, place),
    footer(review, place),
  ]
  const used = [head, ...above, ...below].reduce((sum, text) => sum + text.length + 2, 0)
  const title = '#### Changes, the riskiest first\n\n'
  const shown = changesWithin(diffs, riskOf, mostCharacters - used - title.length - 2, place)
  const blocks = [head, ...above, shown === '' ? '' : `${title}${shown}`, ...below]
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`
}

function placeOf(artifact: string | null): string {
  return artifact === null ? 'in the artifact "review"' : `in the [artifact](${artifact})`
}

/** What the hosts get, whatever commit says so. */
function hostsState({ changes, plan, code }: Review): string | null {
  // Of code that changes nobody can say that it does the same.
  if (changes === null || code.length > 0) return null
  const text = JSON.stringify([plan?.kind ?? null, changes.changes])
  return createHash('sha256').update(text).digest('hex')
}

function journey({ changes, head }: Review): string {
  const sides = [changes?.base ?? null, head].flatMap((commit) => (commit === null ? [] : [commit.slice(0, 7)]))
  return sides.length === 0 ? '' : ` &nbsp; ${shortCode(sides.join(' → '), 40)}`
}

function samePush({ head }: Review, since: string | null, earlier: Earlier | null): string {
  if (earlier === null || since === null || head === null || since === head) return ''
  return ` &nbsp; the same for the hosts as ${shortCode(since.slice(0, 7), 40)}: what was pushed since changes nothing on them`
}

/** What is against the rollout is there without a click. */
function rehearsalWithin(report: RehearsalReport, place: string): string {
  const where = place.replace('"review"', '"rehearsal"')
  const [verdict = '', ...all] = rehearsalBlocks(report)
  const blocks = report.violations.length === 0 ? all : all.slice(1)
  const against = listWithin(report.violations.map(visible).join('\n'), rooms.rehearsal / 3, where)
  const above = [`#### Rehearsal\n\n${verdict}`, ...(against === '' ? [] : [against])].join('\n\n')
  const figures = blocksWithin(blocks, rooms.rehearsal - above.length - 100, () => `… and more figures: ${where}`)
  return figures === '' ? above : `${above}\n\n<details><summary>Figures</summary>\n\n${figures}\n\n</details>`
}

function undeployed(since: SinceDeployed | null, place: string): string {
  const text = undeployedText(since)
  return text === '' ? '' : `#### Merged and not deployed\n\n${fenceWithin('', text, rooms.undeployed - 40, place)}`
}

function footer({ changes, plan }: Review, place: string): string {
  if (plan === null || changes === null) return `All that is known is ${place}.`
  const base =
    changes.base === null ? '' : ` · ${shortCode(`quorate plan --base ${changes.base.slice(0, 7)}`, 60)} gives the same`
  return `Whole differences, bundles and plan: ${place}${base}`
}
