/** `quorate plan`: the rollout that takes the lab from a base revision to what is in the working tree. */
import { bothSides } from './lib/bundle/both-sides.ts'
import { sortedKeys } from './lib/bundle/canonical.ts'
import { diffChanges } from './lib/bundle/diff.ts'
import { openGit } from './lib/bundle/git.ts'
import { sinceDeployed } from './lib/bundle/since-deployed.ts'
import type { Exit } from './lib/failure.ts'
import { linesOf } from './lib/review/line-counts.ts'
import { rolloutMermaid } from './lib/review/rollout-mermaid.ts'
import { rolloutText } from './lib/review/rollout-text.ts'
import { undeployedText } from './lib/review/since-deployed-text.ts'
import { jumpHosts } from './lib/rollout/order.ts'
import { plan as planRollout } from './lib/rollout/plan.ts'
import type { Plan } from './lib/rollout/rollout.ts'
import { repoRootOf } from './lib/roots.ts'
import type { Terminal } from './terminal.ts'

export interface PlanOptions {
  /** The lab's folder. */
  readonly lab: string
  /** A revision; without it, the merge base with the main branch. */
  readonly base?: string
  readonly format: 'text' | 'mermaid' | 'json'
  readonly json: boolean
}

/** Prints the rollout, or why there is none. 0: it is safe; 4: refused. Throws a FailureError for a lab that cannot be rendered. */
export async function plan(options: PlanOptions, terminal: Terminal): Promise<Exit> {
  const { before, after, changes, base, renderers } = await bothSides(options, terminal)
  if (base.note !== null) terminal.note(`${base.note}\n`)
  if (options.base === undefined) terminal.note(undeployedText(await sinceDeployed(options.lab, base.commit)))
  const result = planRollout(before, after, changes, renderers, { last: jumpHosts(after) })
  const text = {
    columns: terminal.columns,
    from: base.commit?.slice(0, 7) ?? null,
    to: await name(repoRootOf(options.lab)),
    lines: linesOf(diffChanges(before, after, changes)),
  }
  terminal.out(printed(result, options, () => rolloutText(result, text)))
  return result.kind === 'rollout' ? 0 : 4
}

function printed(result: Plan, { format, json }: PlanOptions, text: () => string): string {
  if (json || format === 'json') return `${JSON.stringify(document(result), null, 2)}\n`
  if (format === 'mermaid' && result.kind === 'rollout') return rolloutMermaid(result.rollout)
  return text()
}

/** What --json prints: one shape, whether there is a rollout or not. */
function document(result: Plan) {
  return sortedKeys({ format: 1, ...result })
}

/** What is planned to: the commit, marked where the working tree has more. */
async function name(repoRoot: string): Promise<string | null> {
  const git = await openGit(repoRoot)
  const { commit, uncommitted } = (await git?.current()) ?? { commit: null, uncommitted: false }
  return commit === null ? null : `${commit.slice(0, 7)}${uncommitted ? ' + uncommitted' : ''}`
}
