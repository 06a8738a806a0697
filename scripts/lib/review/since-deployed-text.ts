/** Which commit the hosts are at, and what lies between it and another one, for a terminal. */
import { deployedRef, unfinishedRef, type Commit } from '../bundle/git.ts'
import type { SinceDeployed } from '../bundle/since-deployed.ts'
import { counted } from './step-numbers.ts'
import { visible } from './visible.ts'

const mostShown = 10

/** For a comparison with a base that the hosts are not at yet; empty where nothing waits. */
export function undeployedText(since: SinceDeployed | null): string {
  if (since === null || since.deployed === null || since.ahead.length === 0) return ''
  const { deployed, ahead } = since
  const count = `${counted(ahead.length, 'commit')} of the base ${ahead.length === 1 ? 'touches' : 'touch'} the lab`
  const head = `${count} and ${ahead.length === 1 ? 'is' : 'are'} not deployed: the hosts are at ${short(deployed)}, and get this as well`
  return `${head}\n${commitList(ahead)}`
}

/** For the state of the hosts: their commit, and what waits. */
export function deployedText(since: SinceDeployed | null): string {
  if (since === null) return ''
  const { deployed, ahead } = since
  if (deployed === null) return `no commit is known to be deployed: there is no ${deployedRef} here (${fetching})\n`
  const head = `all hosts were last brought to ${short(deployed)}`
  if (ahead.length === 0) return `${head}; no later commit touches the lab\n`
  return `${head}; ${counted(ahead.length, 'later commit')} that ${ahead.length === 1 ? 'touches' : 'touch'} the lab:\n${commitList(ahead)}`
}

/** For the state of the hosts: the deployment that is not over (the full hash of its commit); empty where none is. */
export function unfinishedText(unfinished: string | null): string {
  if (unfinished === null) return ''
  return `the deployment of ${short(unfinished)} has not ended with all hosts there (${unfinishedRef}): another commit has to be named with --at\n`
}

/** For a deployment: from which commit to which it goes. `to`: the full hash; null where it goes to none. */
export function journeyText(since: SinceDeployed | null, to: string | null, uncommitted: boolean): string {
  if (since === null || to === null) return 'what is deployed is in no commit\n'
  const { deployed, ahead, behind } = since
  const goal = `${short(to)}${uncommitted ? ' and what is not committed' : ''}`
  if (deployed === null)
    return `goes to ${goal}; from where is not known: there is no ${deployedRef} here (${fetching})\n`
  if (deployed === to) return `goes to ${goal}, where all hosts were last brought to\n`
  const isBack = ahead.length === 0 && behind.length > 0
  const head = `goes from ${short(deployed)}${isBack ? ' back' : ''} to ${goal}`
  const parts = [
    ...(ahead.length === 0
      ? []
      : [
          `${counted(ahead.length, 'commit')} that ${ahead.length === 1 ? 'touches' : 'touch'} the lab:\n${commitList(ahead)}`,
        ]),
    ...(behind.length === 0 ? [] : [`takes back ${counted(behind.length, 'commit')}:\n${commitList(behind)}`]),
  ]
  return parts.length === 0 ? `${head}; no commit in between touches the lab\n` : `${head}; ${parts.join('')}`
}

const fetching = `git fetch origin "+refs/quorate/*:refs/quorate/*" brings it`

/** A line per commit, with its newline: ten at most, and how many more. */
export function commitList(commits: readonly Commit[]): string {
  const lines = commits.slice(0, mostShown).map(({ commit, subject }) => `  ${short(commit)} ${visible(subject)}\n`)
  const more = commits.length - mostShown
  return [...lines, ...(more > 0 ? [`  … and ${more} more\n`] : [])].join('')
}

function short(commit: string): string {
  return commit.slice(0, 7)
}
