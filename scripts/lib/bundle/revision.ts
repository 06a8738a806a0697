/** The rendering of another revision, by the quorate and the renderers that this revision had. */
import { existsSync } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { openGit, type Git } from './git.ts'
import { renderByOwnTool } from './own-tool.ts'
import { emptyRendering } from './render.ts'
import type { Rendering } from './rendering.ts'

export interface RevisionRequest {
  /** The repository that holds the lab. Absolute. */
  readonly repoRoot: string
  /** The lab's folder, relative to repoRoot, with "/". */
  readonly labPath: string
  /** The running quorate's own folder. */
  readonly packageRoot: string
  /** What to compare with; without it, the merge base with the main branch. */
  readonly revision?: string | undefined
  /** The lab's name, for a rendering of nothing. */
  readonly lab: string
  /** Renders a lab's folder with the renderers of the running quorate; throws where the definition has errors. */
  readonly render: (labFolder: string) => Promise<Rendering>
}

export interface RevisionRendering {
  readonly rendering: Rendering
  /** Full hash; null where there is nothing to compare with. */
  readonly commit: string | null
  /** Why the rendering is empty, in a sentence; null where it is that commit's. */
  readonly note: string | null
}

/** What decides how a lab is rendered; where none of it differs, the running quorate renders the same. */
const toolPaths = ['renderers', 'scripts', 'package.json', 'package-lock.json', 'lab.schema.json']

/**
 * Renders the lab as it was at a revision, in a work tree below node_modules/.cache/quorate/base that is gone afterwards.
 * Throws a FailureError for a revision that does not exist (exit 2) or whose definition cannot be rendered (exit 1).
 */
export async function renderRevision(request: RevisionRequest): Promise<RevisionRendering> {
  const git = await openGit(request.repoRoot)
  if (git === null) return nothing(request, null, `${request.repoRoot} is in no git repository`)
  const { revision } = request
  const commit = revision === undefined ? await git.mergeBase() : await git.resolve(revision)
  if (commit === null) return nothing(request, null, 'nothing is committed yet')
  const unchanged = (await git.changedPaths(commit, toolPaths)).length === 0
  const worktree = await freshFolder(request.repoRoot, git, commit)
  // Where the running quorate renders, the lab alone will do.
  await git.addWorktree(worktree, commit, unchanged ? posix.join(git.prefix, request.labPath) : undefined)
  try {
    return await renderWorktree(request, join(worktree, git.prefix), commit, unchanged)
  } finally {
    await git.removeWorktree(worktree)
  }
}

async function renderWorktree(
  request: RevisionRequest,
  root: string,
  commit: string,
  unchanged: boolean,
): Promise<RevisionRendering> {
  const short = commit.slice(0, 7)
  const lab = join(root, request.labPath)
  if (!existsSync(lab)) return nothing(request, commit, `${short} has no ${request.labPath}/`)
  if (unchanged) return { rendering: await request.render(lab), commit, note: null }
  const rendering = await renderByOwnTool({ ...request, root, lab, commit })
  if (rendering === null) return nothing(request, commit, `${short} has no quorate to render it with`)
  return { rendering, commit, note: null }
}

/** A folder of this process's own; those of processes that are gone are removed. */
async function freshFolder(repoRoot: string, git: Git, commit: string): Promise<string> {
  const base = join(repoRoot, 'node_modules', '.cache', 'quorate', 'base')
  await mkdir(base, { recursive: true })
  const stale = (await readdir(base)).filter((name) => !isAlive(Number(name.split('.')[1])))
  for (const name of stale) await rm(join(base, name), { recursive: true, force: true })
  if (stale.length > 0) await git.prune()
  return join(base, `${commit}.${process.pid}.${(count += 1)}`)
}

let count = 0

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function nothing({ lab }: RevisionRequest, commit: string | null, why: string): RevisionRendering {
  return { rendering: emptyRendering(lab), commit, note: `${why}: compared with nothing` }
}
