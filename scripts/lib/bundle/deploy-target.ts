/** What a deployment brings the hosts to, and the commit that holds it. */
import { relative, resolve, sep } from 'node:path'
import type { Renderer } from '../../../renderers/renderer.ts'
import { loadRenderers } from '../definition/registry.ts'
import { FailureError } from '../failure.ts'
import { packageRoot, repoRootOf } from '../roots.ts'
import { compare } from './compare.ts'
import { openGit } from './git.ts'
import { requireRendering, type Report } from './lab-rendering.ts'
import type { Rendering } from './rendering.ts'
import { renderRevision, type RevisionRequest } from './revision.ts'

export interface DeployTarget {
  readonly rendering: Rendering
  /** Full hash; null where the lab is in no repository. */
  readonly commit: string | null
  /** Something differs from the commit; never where a run applies. */
  readonly uncommitted: boolean
  readonly renderers: readonly Renderer[]
  /** What other revisions of the same lab are rendered by. */
  readonly again: Omit<RevisionRequest, 'revision'>
}

/**
 * The working tree's lab, or that of the revision `at`. Problems in it go to `out`. Throws a FailureError where it cannot be rendered, and (exit 2)
 * where `apply` is asked for something that no commit holds: nobody could say later what the hosts hold.
 */
export async function deployTarget(
  options: { readonly lab: string; readonly at?: string; readonly apply: boolean },
  out: Report,
): Promise<DeployTarget> {
  const lab = resolve(options.lab)
  const repoRoot = repoRootOf(lab)
  const renderers = await loadRenderers(repoRoot)
  const labPath = relative(repoRoot, lab).split(sep).join('/')
  const report = { note: (text: string) => out.note(text), colour: out.colour, warnings: false }
  const renderedTo = (to: Report) => (folder: string) =>
    requireRendering(folder, resolve(folder, relative(labPath, '.')), renderers, to)
  const againFor = (name: string) => {
    return { repoRoot, labPath, packageRoot, lab: name, render: renderedTo({ ...report, note: () => {} }) }
  }
  if (options.at !== undefined) {
    // What is in the working tree may be the very mistake that is gone back from.
    const old = await renderRevision({ ...againFor(''), revision: options.at, render: renderedTo(report) })
    const { rendering, commit, note } = old
    if (note === null) return { rendering, commit, uncommitted: false, renderers, again: againFor(rendering.lab) }
    throw refused(`there is nothing to deploy at ${options.at}: ${note}`, '--at', 'name a commit that holds the lab')
  }
  const current = await requireRendering(lab, repoRoot, renderers, report)
  const again = againFor(current.lab)
  const git = await openGit(repoRoot)
  const { commit, uncommitted } = (await git?.current()) ?? { commit: null, uncommitted: false }
  if (options.apply) {
    if (uncommitted) throw notCommitted('the working tree has changes that are not committed', repoRoot)
    if (commit !== null) await refuseHidden(current, again, commit)
  }
  return { rendering: current, commit, uncommitted, renderers, again }
}

/** Git shows no change in a file that it ignores, or was told to overlook; the commit would be written down for something else. */
async function refuseHidden(
  current: Rendering,
  again: Omit<RevisionRequest, 'revision'>,
  commit: string,
): Promise<void> {
  const { rendering } = await renderRevision({ ...again, revision: commit })
  const [first, ...more] = compare(rendering, current).map(({ host, path }) => `${host}:${path}`)
  if (first === undefined) return
  const others = more.length === 0 ? '' : ` and ${more.length} more`
  throw notCommitted(
    `commit ${commit.slice(0, 7)} gives other files than the working tree does (${first}${others}): git ignores or overlooks a file of the lab`,
    again.repoRoot,
  )
}

function notCommitted(what: string, where: string): FailureError {
  const next = 'commit first, or deploy a commit with --at REV (--at HEAD leaves out what is not committed)'
  return refused(what, where, next)
}

function refused(what: string, where: string, next: string): FailureError {
  return new FailureError({ what, where, now: 'no host was contacted', next }, 2)
}
