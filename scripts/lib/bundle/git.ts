/** The repository's history. The only file that imports simple-git. */
import { realpath } from 'node:fs/promises'
import { simpleGit, type SimpleGit } from 'simple-git'
import { FailureError } from '../failure.ts'

export interface Git {
  /** The folder it was opened for, relative to the top of the work tree, with "/"; empty at the top. */
  readonly prefix: string
  /** The commit checked out; null before the first one. `uncommitted`: something differs from it or is not tracked. */
  current(): Promise<{ readonly commit: string | null; readonly uncommitted: boolean }>
  /** The full hash of a revision; a FailureError (exit 2) where there is no such commit. */
  resolve(revision: string): Promise<string>
  /** The merge base of what is checked out with the main branch; null before the first commit. A FailureError (exit 2) where there is none. */
  mergeBase(): Promise<string | null>
  /** The commit that all hosts were last brought to, as refs/quorate/deployed says; null where nothing says so. */
  deployed(): Promise<string | null>
  /**
   * Moves refs/quorate/deployed to a commit in one go, where it still is at `from` (null: where there is none). False where somebody has moved
   * it meanwhile; a FailureError where git cannot move it.
   */
  moveDeployed(to: string, from: string | null): Promise<boolean>
  /** The commit whose deployment began and did not end with all hosts there, as refs/quorate/unfinished says; null where nothing says so. */
  unfinished(): Promise<string | null>
  /** Has refs/quorate/unfinished say so of a commit, or (null) of none any more. */
  setUnfinished(commit: string | null): Promise<void>
  /** Whether two commits hold the very same files. */
  isSame(one: string, other: string): Promise<boolean>
  /** The commits that `to` has and `from` has not, and that touch the path (relative to the folder). The newest first. */
  commitsBetween(from: string, to: string, path: string): Promise<readonly Commit[]>
  /** Paths, of those given (relative to the folder), that differ between the commit and the working tree, untracked ones included. */
  changedPaths(commit: string, paths: readonly string[]): Promise<readonly string[]>
  /** Every path that differs between the commit and the working tree, untracked ones included. Relative to the top. */
  changedAnywhere(commit: string): Promise<readonly string[]>
  /**
   * A second work tree of the commit, without running hooks. The folder must not exist. `only`: just this path, relative to the top
   * (much quicker in a large repository); nothing where the commit does not have it.
   */
  addWorktree(folder: string, commit: string, only?: string): Promise<void>
  /** Removes it, whatever is in it. */
  removeWorktree(folder: string): Promise<void>
  /** Forgets the work trees whose folder is gone. */
  prune(): Promise<void>
}

export interface Commit {
  /** The full hash. */
  readonly commit: string
  /** The first line of its message: anything that somebody could commit. */
  readonly subject: string
}

/** Not below refs/heads, so it is nobody's branch, and a clone does not bring it along. */
export const deployedRef = 'refs/quorate/deployed'

/** While this is there, another commit is not deployed without a person's word. */
export const unfinishedRef = 'refs/quorate/unfinished'

/** Where the main branch is looked for, in this order. */
const mainBranches = [
  'refs/remotes/origin/HEAD',
  'refs/remotes/origin/main',
  'refs/heads/main',
  'refs/remotes/origin/master',
  'refs/heads/master',
]

/** The repository that the folder is in; null where it is in none, or git is not installed. A FailureError (exit 2) where git refuses it. */
export async function openGit(folder: string): Promise<Git | null> {
  const git = client(await realpath(folder))
  const { installed } = await git.version()
  if (!installed) return null
  const isRepository = await git.checkIsRepo().catch((error: unknown) => {
    const words = error instanceof Error ? error.message.trim() : String(error)
    throw noCommit(`git refuses ${folder}: ${words}`, 'do what git says, then run again', error)
  })
  if (!isRepository) return null
  const prefix = (await git.raw('rev-parse', '--show-prefix')).trim().replace(/\/$/, '')
  return {
    prefix,
    current: () => current(git),
    resolve: (revision) => resolve(git, revision),
    mergeBase: () => mergeBase(git),
    deployed: () => verified(git, deployedRef),
    moveDeployed: (to, from) => moveDeployed(git, to, from),
    unfinished: async () => {
      // Whatever it names, it is there: what cannot be read is no reason to go on.
      const ref = await git.raw('for-each-ref', '--format=%(objectname)', unfinishedRef)
      return ref.trim() === '' ? null : ref.trim()
    },
    setUnfinished: async (commit) => {
      await git.raw('update-ref', ...(commit === null ? ['-d', unfinishedRef] : [unfinishedRef, commit]))
    },
    isSame: async (one, other) => {
      const trees = await Promise.all([one, other].map((commit) => git.raw('rev-parse', `${commit}^{tree}`)))
      return trees[0] === trees[1]
    },
    commitsBetween: (from, to, path) => commitsBetween(git, from, to, path),
    changedPaths: (commit, paths) => changedPaths(git, commit, paths),
    changedAnywhere: (commit) => changedAnywhere(git, commit),
    addWorktree: (target, commit, only) => addWorktree(git, target, commit, only),
    removeWorktree: async (target) => {
      await git.raw('worktree', 'remove', '--force', '--force', target)
    },
    prune: async () => {
      await git.raw('worktree', 'prune')
    },
  }
}

/**
 * simple-git waits 50 ms for a command that printed nothing, so none is told to be quiet.
 * Hooks of the repository are not ours to run; variables such as GIT_DIR, set inside of a hook, would lead elsewhere.
 */
function client(folder: string): SimpleGit {
  const git = simpleGit(folder, { config: ['core.hooksPath=/dev/null'], unsafe: { allowUnsafeHooksPath: true } })
  const { PATH = '', HOME = '/nonexistent' } = process.env
  return git.env({ PATH, HOME, LC_ALL: 'C' })
}

async function current(git: SimpleGit): Promise<{ commit: string | null; uncommitted: boolean }> {
  const commit = await verified(git, 'HEAD')
  const status = await git.raw('status', '--porcelain', '--untracked-files=normal')
  return { commit, uncommitted: status.trim() !== '' }
}

async function resolve(git: SimpleGit, revision: string): Promise<string> {
  const legal = /^[^-\p{Cc}\s:][^\p{Cc}\s:]*$/u.test(revision) && revision.length <= 255
  const commit = legal ? await verified(git, revision) : null
  if (commit !== null) return commit
  throw noCommit(
    `${JSON.stringify(revision)} is no commit of this repository`,
    'name a branch, a tag or a commit; in CI, fetch it first (fetch-depth: 0)',
  )
}

async function mergeBase(git: SimpleGit): Promise<string | null> {
  const head = await verified(git, 'HEAD')
  if (head === null) return null
  for (const branch of mainBranches) {
    const main = await verified(git, branch)
    if (main === null) continue
    const base = await git.raw('merge-base', head, main).catch(() => '')
    if (base.trim() !== '') return base.trim()
    throw noCommit(
      `HEAD and ${branch} have no commit in common`,
      'fetch the whole history (fetch-depth: 0), or name the base with --base REV',
    )
  }
  throw noCommit(
    `there is no main branch to compare with (looked for ${mainBranches.join(', ')})`,
    'name the base with --base REV',
  )
}

/** The commit's hash, or null. Git answers on standard error where there is none, and then nothing is there. */
async function verified(git: SimpleGit, revision: string): Promise<string | null> {
  const answer = await git.raw('rev-parse', '--verify', '--end-of-options', `${revision}^{commit}`).catch(() => '')
  return /^[0-9a-f]{40,64}$/.test(answer.trim()) ? answer.trim() : null
}

async function moveDeployed(git: SimpleGit, to: string, from: string | null): Promise<boolean> {
  try {
    // Of a ref that is not there yet, git wants all zeros as the old value.
    await git.raw('update-ref', deployedRef, to, from ?? '0'.repeat(to.length))
    return true
  } catch (error) {
    const now = await git.raw('for-each-ref', '--format=%(objectname)', deployedRef).catch(() => '')
    if (now.trim() !== (from ?? '')) return false
    const what = `git does not move ${deployedRef}: ${error instanceof Error ? error.message.trim() : String(error)}`
    const next = `mend what git says, then: git update-ref ${deployedRef} ${to}`
    throw new FailureError({ what, where: 'git', now: `all hosts are at ${to}`, next }, 4, { cause: error })
  }
}

async function commitsBetween(git: SimpleGit, from: string, to: string, path: string): Promise<readonly Commit[]> {
  const log = await git.raw('log', '-z', '--format=%H %s', `${from}..${to}`, '--', `:(literal)${path}`)
  const lines = log.split('\0').filter((line) => line !== '')
  return lines.map((line) => {
    const end = line.indexOf(' ')
    return { commit: line.slice(0, end), subject: line.slice(end + 1) }
  })
}

async function addWorktree(git: SimpleGit, target: string, commit: string, only?: string): Promise<void> {
  if (only === undefined) return void (await git.raw('worktree', 'add', '--detach', target, commit))
  await git.raw('worktree', 'add', '--detach', '--no-checkout', target, commit)
  const path = `:(top,literal)${only}`
  const held = await git.raw('ls-tree', '--full-tree', '--name-only', commit, '--', only)
  if (held !== '') await client(target).raw('checkout', commit, '--', path)
}

async function changedPaths(git: SimpleGit, commit: string, paths: readonly string[]): Promise<readonly string[]> {
  const tracked = await git.raw('diff', '--name-only', '--no-renames', '--relative', '-z', commit, '--', ...paths)
  const untracked = await git.raw('ls-files', '--others', '--exclude-standard', '-z', '--', ...paths)
  return `${tracked}${untracked}`.split('\0').filter((path) => path !== '')
}

async function changedAnywhere(git: SimpleGit, commit: string): Promise<readonly string[]> {
  const tracked = await git.raw('diff', '--name-only', '--no-renames', '--no-relative', '-z', commit)
  const untracked = await git.raw('ls-files', '--others', '--exclude-standard', '--full-name', '-z', '--', ':(top)')
  return `${tracked}${untracked}`.split('\0').filter((path) => path !== '')
}

function noCommit(what: string, next: string, cause?: unknown): FailureError {
  return new FailureError({ what, where: 'git', now: 'nothing was compared', next }, 2, { cause })
}
