/** The lab as it was at a revision and as it is now, and what changes between the two: what reviewing starts with. */
import { relative, resolve, sep } from 'node:path'
import type { Lab, Renderer } from '../../../renderers/renderer.ts'
import { loadRenderers } from '../definition/registry.ts'
import { packageRoot, repoRootOf } from '../roots.ts'
import type { Change } from './change.ts'
import { compare } from './compare.ts'
import { requireLab, type Report } from './lab-rendering.ts'
import type { Rendering } from './rendering.ts'
import { renderRevision } from './revision.ts'

export interface BothSides {
  readonly before: Rendering
  readonly after: Rendering
  readonly changes: readonly Change[]
  /** The lab as it is now, and before it the lab as it was, unless its own tool rendered that. */
  readonly labs: readonly Lab[]
  /** Those of the running quorate, with the lab's own. */
  readonly renderers: readonly Renderer[]
  /** What it is compared with: the full hash, or null where there is nothing, and then why, in a sentence. */
  readonly base: { readonly commit: string | null; readonly note: string | null }
}

/**
 * `lab`: the folder; `base`: a revision, without it the merge base with the main branch. Problems in the lab go to `report`.
 * Throws a FailureError: exit 1 where the lab, or the base's, has errors, exit 2 for a revision that does not exist.
 */
export async function bothSides(
  options: { readonly lab: string; readonly base?: string | undefined },
  report: Report,
): Promise<BothSides> {
  const lab = resolve(options.lab)
  const repoRoot = repoRootOf(lab)
  const renderers = await loadRenderers(repoRoot)
  const labs: Lab[] = []
  const render = async (folder: string, root: string, to: Report) => {
    const sound = await requireLab(folder, root, renderers, to)
    labs.unshift(sound.lab)
    return sound.rendering
  }
  const after = await render(lab, repoRoot, report)
  const { rendering: before, ...base } = await renderRevision({
    repoRoot,
    packageRoot,
    labPath: relative(repoRoot, lab).split(sep).join('/'),
    revision: options.base,
    lab: after.lab,
    render: (folder) => render(folder, repoRootOf(folder), atBase(report)),
  })
  return { before, after, changes: compare(before, after), labs, renderers, base }
}

/** Warnings in the base are no news; errors there end the run. */
function atBase(report: Report): Report {
  return { colour: report.colour, warnings: false, note: (text) => report.note(`in the base revision:\n${text}`) }
}
