/** A theatre with nothing on its stage but what a test puts there. */
import type { Theatre } from '../../scripts/lib/twin/theatre.ts'

export function emptyTheatre(there: Partial<Record<keyof Theatre, unknown>>): Theatre {
  const nothing = { nodes: [], guests: [], groups: [], stage: () => {}, event: () => {} }
  return { ...nothing, ...there } as unknown as Theatre
}
