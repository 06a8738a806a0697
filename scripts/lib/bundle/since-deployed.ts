/** What lies between the commit that the hosts are at and another one. */
import { relative, resolve, sep } from 'node:path'
import { repoRootOf } from '../roots.ts'
import { openGit, type Commit } from './git.ts'

export interface SinceDeployed {
  /** The commit that all hosts were last brought to; null where refs/quorate/deployed is not there. */
  readonly deployed: string | null
  /** Commits that touch the lab and that the hosts have not: the newest first. */
  readonly ahead: readonly Commit[]
  /** Those that the hosts have and the other commit has not: what going there takes back. */
  readonly behind: readonly Commit[]
}

/** `labFolder`: where the lab is; `commit`: what it is compared with. Null where there is no commit to compare with. */
export async function sinceDeployed(labFolder: string, commit: string | null): Promise<SinceDeployed | null> {
  const lab = resolve(labFolder)
  const repoRoot = repoRootOf(lab)
  const git = await openGit(repoRoot)
  if (git === null || commit === null) return null
  const deployed = await git.deployed()
  if (deployed === null) return { deployed, ahead: [], behind: [] }
  const labPath = relative(repoRoot, lab).split(sep).join('/')
  const [ahead, behind] = await Promise.all([
    git.commitsBetween(deployed, commit, labPath),
    git.commitsBetween(commit, deployed, labPath),
  ])
  return { deployed, ahead, behind }
}
