/** Whether a deployment has brought the whole lab to its commit. */
import type { Outcome } from './outcome.ts'
import type { DeployRequest } from './request.ts'

export type Arrival =
  | { readonly kind: 'whole' }
  /** `why`: what the lab's commit could not be told of, in a sentence; null where the outcome says it already. */
  | { readonly kind: 'partial'; readonly why: string | null }

/**
 * `hosts`: those of the definition; one that leaves it, and is left out because it is dead, is none of them.
 * A host counts where it was asked and holds what it should.
 */
export function arrival(
  outcome: Outcome,
  { apply, only, without }: Pick<DeployRequest, 'apply' | 'only' | 'without'>,
  hosts: readonly string[],
): Arrival {
  if (!apply || outcome.exit !== 0) return { kind: 'partial', why: null }
  const leftOut = hosts.filter((host) => without.includes(host) || (only.length > 0 && !only.includes(host)))
  const unknown = hosts.filter((host) => !leftOut.includes(host) && !isThere(outcome, host))
  const reasons = [
    ...(leftOut.length === 0 ? [] : [`${leftOut.join(', ')} ${leftOut.length === 1 ? 'was' : 'were'} left out`]),
    ...(unknown.length === 0
      ? []
      : [`what ${unknown.join(', ')} ${unknown.length === 1 ? 'holds' : 'hold'} is not known`]),
  ]
  return reasons.length === 0 ? { kind: 'whole' } : { kind: 'partial', why: reasons.join('; ') }
}

function isThere({ hosts }: Outcome, host: string): boolean {
  const end = hosts[host]?.outcome
  return end === 'applied' || end === 'unchanged'
}
