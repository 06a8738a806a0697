/** The first lines of a comment, which nobody sees: by these its own comment is found again, and what the hosts would have got is known. */

/** What the hosts got by the review before, and since which commit. */
export interface Earlier {
  /** SHA-256. */
  readonly state: string
  /** The full hash. */
  readonly since: string
}

const word = 'quorate review'

/** A lab's name as its definition may have it: nothing that ends an HTML comment. */
const name = /^[a-z][a-z0-9-]{0,31}$/

/**
 * The first line of what a review becomes. A lab whose definition has errors has no name: then what it takes the place of (`before`) keeps
 * its own marker.
 */
export function markerFor(lab: string | null, before: string | null): string {
  const known = before === null ? null : markerIn(before)
  return lab === null && known !== null ? known : markerOf(lab)
}

function markerOf(lab: string | null): string {
  return lab !== null && name.test(lab) ? `<!-- ${word} of ${lab} -->` : `<!-- ${word} -->`
}

/** The marker that a comment begins with, of some lab or of none; null where it does not begin with one. */
function markerIn(body: string): string | null {
  return /^(<!-- quorate review(?: of [a-z0-9-]+)? -->)\r?(?:\n|$)/.exec(body)?.[1] ?? null
}

/**
 * Which of these comments a lab's review takes the place of, by its index; −1: none. That of the same lab before one that was written while the
 * lab had no name; and a lab that has no name now takes the only one there is.
 */
export function findMarked(bodies: readonly string[], lab: string | null): number {
  const markers = bodies.map(markerIn)
  const own = markers.indexOf(markerOf(lab))
  if (own !== -1) return own
  if (lab !== null) return markers.indexOf(markerOf(null))
  const marked = markers.flatMap((marker, index) => (marker === null ? [] : [index]))
  return marked.length === 1 ? (marked[0] ?? -1) : -1
}

/** The second line. */
export function stateLine({ state, since }: Earlier): string {
  return `<!-- ${state} since ${since} -->`
}

/** What the second line says; null where there is none. */
export function earlierIn(body: string): Earlier | null {
  const [, state, since] = /^[^\n]*\n<!-- ([0-9a-f]{64}) since ([0-9a-f]{40,64}) -->/.exec(body) ?? []
  return state === undefined || since === undefined ? null : { state, since }
}
