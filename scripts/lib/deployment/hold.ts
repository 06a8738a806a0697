/** Whether a deployment may begin while the one before it is not over. */
import { unfinishedRef, type Git } from '../bundle/git.ts'
import type { SinceDeployed } from '../bundle/since-deployed.ts'
import type { Failure } from '../failure.ts'
import type { Held, Outcome } from './outcome.ts'

/**
 * What holds the deployment of a commit; null where nothing does. The unfinished commit itself may be tried again, and what is exactly the deployed
 * commit, such as a revert, carries nothing along.
 */
export async function heldBy(git: Git, commit: string, since: SinceDeployed | null): Promise<Held | null> {
  const unfinished = await git.unfinished()
  if (unfinished === null || unfinished === commit) return null
  const deployed = since?.deployed ?? null
  if (deployed !== null && (await git.isSame(deployed, commit))) return null
  return { unfinished, deployed, carries: since?.ahead ?? [] }
}

/** How a deployment ends that did not begin. */
export function heldOutcome(lab: string, commit: string, held: Held): Outcome {
  return {
    format: 1,
    lab,
    rollout: null,
    commit,
    exit: 4,
    hosts: {},
    steps: [],
    failure: failureOf(commit, held),
    held,
  }
}

/**
 * Writes down, after a run, whether another commit may follow by itself, and says so. `isWhole`: all hosts are at the commit. `former`: what was
 * unfinished when the run began, and still is where this one has begun no step.
 */
export async function settle(git: Git, outcome: Outcome, isWhole: boolean, former: string | null): Promise<string> {
  if (isWhole) {
    await git.setUnfinished(null)
    return former === null ? '' : `${unfinishedRef} is gone (for others: git push origin :${unfinishedRef})\n`
  }
  if (isLeftUnfinished(outcome)) {
    return `${unfinishedRef} is at ${short(outcome.commit ?? '')}: no other commit is deployed until somebody names it with --at (for others: git push --force origin ${unfinishedRef})\n`
  }
  await git.setUnfinished(former)
  return ''
}

function isLeftUnfinished({ exit, steps }: Outcome): boolean {
  const isBegun = steps.some(({ outcome }) => outcome !== 'not-started' && outcome !== 'nothing-to-do')
  return (exit === 3 || exit === 4) && isBegun
}

function failureOf(commit: string, { unfinished, deployed, carries }: Held): Failure {
  const [first] = carries
  const along =
    first === undefined
      ? 'whatever came since'
      : `${carries.length} ${carries.length === 1 ? 'commit' : 'commits'} of the lab (${carries
          .map(({ commit: each }) => short(each))
          .slice(0, 5)
          .join(', ')}${carries.length > 5 ? ', …' : ''})`
  const back = deployed === null ? '' : `, back with --at ${short(deployed)}`
  return {
    what: `the deployment of ${short(unfinished)} has not ended with all hosts there; this one would carry along ${along}`,
    where: unfinishedRef,
    now: 'no host was contacted',
    next: `look at what happened, then go on with "quorate deploy --apply --at ${short(commit)}"${back}; "quorate status" says what each host is at`,
  }
}

function short(commit: string): string {
  return commit.slice(0, 7)
}
