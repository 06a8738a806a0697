/** What became of a deployment, as far as anybody can know it: from its outcome, or, where it left none, from how its command ended. */
import type { Outcome } from '../deployment/outcome.ts'
import { heading, summary } from './deployment-text.ts'

/** What is known of a deployment that is over. */
export interface Ending {
  /** Null where it left none: it was refused before it asked a host, or it broke off. */
  readonly outcome: Outcome | null
  /** The exit code of the command, "skipped" where it was not called, or anything else; null where nobody knows. */
  readonly exit: string | null
  /** The commit that was to be deployed: the full hash. */
  readonly commit: string | null
}

export interface End {
  /** held: the one before is not over. untouched: no host was contacted. busy: somebody else deploys. unknown: it broke off. */
  readonly kind: 'deployed' | 'nothing' | 'reverted' | 'person' | 'held' | 'busy' | 'untouched' | 'unknown'
  /** In quorate's own words and numbers only. */
  readonly words: string
}

/** Every host is where it should be. */
export function isWell({ kind }: End): boolean {
  return kind === 'deployed' || kind === 'nothing'
}

/** Whatever is not known to have left the hosts alone counts as unknown. */
export function endOf({ outcome, exit }: Ending): End {
  if (outcome === null) return withoutOutcome(exit)
  if (outcome.held !== undefined) return { kind: 'held', words: heading(outcome) }
  switch (outcome.exit) {
    case 0:
      return Object.values(outcome.hosts).every((host) => host.outcome === 'unchanged')
        ? { kind: 'nothing', words: 'nothing to do: every host is as the definition says' }
        : { kind: 'deployed', words: summary(outcome) }
    case 3:
      return { kind: 'reverted', words: heading(outcome) }
    case 4:
      return { kind: 'person', words: heading(outcome) }
    case 5:
      return { kind: 'busy', words: heading(outcome) }
    default:
      return { kind: 'untouched', words: heading(outcome) }
  }
}

function withoutOutcome(exit: string | null): End {
  if (exit === '1')
    return { kind: 'untouched', words: 'not deployed: the definition has problems, and no host was contacted' }
  if (exit === '2') return { kind: 'untouched', words: 'not deployed: it was refused before any host was contacted' }
  if (exit === 'skipped')
    return { kind: 'untouched', words: 'not deployed: the run ended before any host was contacted' }
  return {
    kind: 'unknown',
    words: 'how it ended is not known: it broke off, or could not begin; the log of its run says more',
  }
}
