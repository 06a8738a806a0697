/** What a pull request comes to, in one line. */
import { isTrust } from '../bundle/code-changes.ts'
import type { Problem } from '../definition/problem.ts'
import type { Plan, Rollout } from '../rollout/rollout.ts'
import { changesSummary } from './changes-summary.ts'
import type { Review } from './comment.ts'
import { counted } from './step-numbers.ts'

/** Markdown of quorate's own words and numbers only; begins with a sign. */
export function verdictOf({ problems, changes, plan, rehearsal, code }: Omit<Review, 'head' | 'artifact'>): string {
  const errors = (problems ?? []).filter(({ severity }) => severity === 'error').length
  if (errors > 0) return `❌ ${counted(errors, 'error')} in the definition: nothing can be rolled out`
  if (problems === null || changes === null || plan === null)
    return '❌ not known: the review broke off, and the log of its run says why'
  if (plan.kind === 'refused') return `❌ ${changesSummary(changes.diffs)}: not safe in any order`
  return planned(plan, changesSummary(changes.diffs), problems, { rehearsal, code })
}

function planned(
  { rollout }: Extract<Plan, { kind: 'rollout' }>,
  changes: string,
  problems: readonly Problem[],
  { rehearsal, code }: Pick<Review, 'rehearsal' | 'code'>,
): string {
  const steps = rollout.waves.flat()
  const warnings = problems.length === 0 ? '' : `, ${counted(problems.length, 'warning')}`
  const hand = rollout.byHand === undefined ? '' : ', and something to do by hand'
  const but = `${warnings}${code.every(isTrust) ? '' : ', code changes too'}${code.some(isTrust) ? ', whom it trusts changes too' : ''}${hand}`
  if (steps.length === 0) return `${sign(but)} nothing changes on the hosts${but}`
  if (rehearsal !== null && !rehearsal.well) return `❌ ${changes}: the rehearsal found something against it${but}`
  const how = isSafe(rollout) ? 'safe' : 'NOT safe, and accepted'
  const rehearsed = rehearsal === null ? '' : ', rehearsed'
  return `${isSafe(rollout) ? sign(but) : '❌'} ${changes}, in ${counted(steps.length, 'step')}, ${how}${rehearsed}${but}`
}

function isSafe({ waves }: Rollout): boolean {
  return waves.flat().every(({ groups }) => groups.every(({ margin }) => margin >= 0))
}

function sign(but: string): string {
  return but === '' ? '✅' : '⚠️'
}
