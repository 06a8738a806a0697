/** A terminal that shows no secret it was told of. */
import { matcherOf, type KnownSecret } from './lib/deployment/mask.ts'
import type { Terminal } from './terminal.ts'

export interface Discreet extends Terminal {
  /** Takes these out of whatever is printed from now on, in every form that a value may have. */
  hide(secrets: readonly KnownSecret[]): void
  /** Has these files, and what is in these folders, searched for secrets when the run is over. */
  search(paths: readonly string[]): void
  readonly hidden: readonly KnownSecret[]
  readonly searched: readonly string[]
}

/** The terminal itself where it is discreet already: then one list of secrets serves all who print on it. */
export function discreet(terminal: Terminal): Discreet {
  if ('hide' in terminal) return terminal as Discreet
  const hidden: KnownSecret[] = []
  const searched: string[] = []
  let matcher = matcherOf(hidden)
  return {
    colour: terminal.colour,
    columns: terminal.columns,
    live: terminal.live,
    out: (text) => terminal.out(matcher.masked(text)),
    note: (text) => terminal.note(matcher.masked(text)),
    hide(secrets) {
      hidden.push(...secrets)
      matcher = matcherOf(hidden)
    },
    search: (paths) => void searched.push(...paths),
    hidden,
    searched,
  }
}
