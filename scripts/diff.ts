/** `quorate diff`: what changes on which host, compared with another revision. */
import { bothSides } from './lib/bundle/both-sides.ts'
import { codeChanges } from './lib/bundle/code-changes.ts'
import { diffChanges } from './lib/bundle/diff.ts'
import { sinceDeployed } from './lib/bundle/since-deployed.ts'
import type { Exit } from './lib/failure.ts'
import { changesMarkdown } from './lib/review/changes-markdown.ts'
import { changesText } from './lib/review/changes-text.ts'
import { undeployedText } from './lib/review/since-deployed-text.ts'
import type { Terminal } from './terminal.ts'

export interface DiffOptions {
  /** The lab's folder. */
  readonly lab: string
  /** The revision to compare with; without it, the merge base with the main branch. */
  readonly base?: string
  readonly format: 'text' | 'markdown' | 'json'
  /** The same as the format "json". */
  readonly json: boolean
}

/** Prints the changes from the base to the working tree. */
export async function diff(options: DiffOptions, terminal: Terminal): Promise<Exit> {
  const { before, after, changes, base } = await bothSides(options, terminal)
  const diffs = diffChanges(before, after, changes)
  if (options.json || options.format === 'json') {
    const since = await sinceDeployed(options.lab, base.commit)
    const code = await codeChanges(options.lab, base.commit)
    terminal.out(`${JSON.stringify({ format: 1, lab: after.lab, base, code, changes, diffs, sinceDeployed: since })}\n`)
    return 0
  }
  terminal.note(`${base.note ?? `compared with ${base.commit?.slice(0, 7)}`}\n`)
  if (options.base === undefined) terminal.note(undeployedText(await sinceDeployed(options.lab, base.commit)))
  terminal.out(options.format === 'markdown' ? changesMarkdown(diffs) : changesText(diffs, terminal))
  return 0
}
