/** Carries out what the planner says and tells everything that goes wrong. Shares no code with the planner. */
import type { Plan } from '../../../scripts/lib/rollout/rollout.ts'
import { factsOf } from './facts.ts'
import { openGates } from './gates.ts'
import { unsafeInstants } from './interleaving.ts'
import type { Case } from './lab-case.ts'
import { wrongNumbers } from './numbers.ts'
import { brokenOrder, needlessRefusal } from './reasoned.ts'
import { runOf } from './run.ts'
import { disturbIn, looseWaves } from './tight.ts'

/** Everything that is wrong with a plan for a lab, in sentences; empty where it is right. */
export function faultsOf(lab: Case, plan: Plan): readonly string[] {
  const facts = factsOf(lab)
  if (plan.kind === 'refused') return needlessRefusal(facts)
  const run = runOf(facts, plan.rollout)
  if (run.faults.length > 0) return run.faults
  const disturb = disturbIn(facts)
  return [
    ...unsafeInstants(facts, run),
    ...wrongNumbers(facts, run),
    ...openGates(facts, run),
    ...brokenOrder(facts, run, disturb),
    ...looseWaves(run, disturb),
  ]
}
