/** A lab's folder → its rendering, with every problem on the way: what all verbs start with. */
import { relative, sep } from 'node:path'
import type { Lab, Renderer } from '../../../renderers/renderer.ts'
import { define, type Definition } from '../definition/definition.ts'
import type { Problem } from '../definition/problem.ts'
import { reportProblems } from '../definition/report.ts'
import { longPasswords } from '../definition/secrets-file.ts'
import { readSources } from '../definition/source.ts'
import { FailureError } from '../failure.ts'
import { renderLab } from './render.ts'
import type { Rendering } from './rendering.ts'

/** Where problems are told of. */
export interface Report {
  note(text: string): void
  readonly colour: boolean
  /** False: a lab with nothing but warnings is passed over in silence. */
  readonly warnings?: boolean
  /** Is given the errors besides. */
  show?(problems: readonly Problem[]): void
}

export interface LabRendering {
  /** Its problems are those of the definition and those of the rendering. */
  readonly definition: Definition
  /** Null where there is an error among the problems. */
  readonly rendering: Rendering | null
}

/**
 * Reads, checks and renders the lab in a folder.
 * `repoRoot`: the folder that the problems' files are relative to. Throws a FailureError where there is no lab.
 */
export async function renderFolder(
  labFolder: string,
  repoRoot: string,
  renderers: readonly Renderer[],
): Promise<LabRendering> {
  const sources = await readSources(labFolder)
  const defined = define(sources, relative(repoRoot, labFolder).split(sep).join('/'), renderers)
  if (defined.lab === null) return { definition: defined, rendering: null }
  const { rendering, findings } = renderLab(defined.lab, renderers, defined.secrets.fingerprints)
  const definition = defined.withFindings([...findings, ...longPasswords(defined.secrets.sizes, rendering.secrets)])
  return { definition, rendering: definition.lab === null ? null : rendering }
}

/** As `requireLab`, where the rendering is enough. */
export async function requireRendering(
  labFolder: string,
  repoRoot: string,
  renderers: readonly Renderer[],
  report: Report,
): Promise<Rendering> {
  return (await requireLab(labFolder, repoRoot, renderers, report)).rendering
}

/** As `renderFolder`, for verbs that cannot go on without: tells of the problems and throws a FailureError (exit 1) for errors. */
export async function requireLab(
  labFolder: string,
  repoRoot: string,
  renderers: readonly Renderer[],
  report: Report,
): Promise<{ readonly lab: Lab; readonly rendering: Rendering }> {
  const { definition, rendering } = await renderFolder(labFolder, repoRoot, renderers)
  const silent = definition.problems.length === 0 || (rendering !== null && report.warnings === false)
  if (!silent) report.note(reportProblems(definition, { colour: report.colour }))
  if (rendering !== null && definition.lab !== null) return { lab: definition.lab, rendering }
  const found = definition.problems.filter(({ severity }) => severity === 'error')
  report.show?.(found)
  const errors = found.length
  throw new FailureError(
    {
      what: `the definition has ${errors} ${errors === 1 ? 'error' : 'errors'}`,
      where: labFolder,
      now: 'nothing was rendered or changed',
      next: 'mend what is listed above, then run again',
    },
    1,
  )
}
