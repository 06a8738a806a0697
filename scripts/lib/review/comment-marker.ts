/** The first lines of a comment or an issue, which nobody sees: by these it is found again, and what the hosts would have got is known. */

/** What the hosts got by the review before, and since which commit. */
export interface Earlier {
  /** SHA-256. */
  readonly state: string
  /** The full hash. */
  readonly since: string
}

/** What a comment or an issue is about; each is found by its own word. */
export type About = 'review' | 'deployment' | 'waiting' | 'drift'

/** A lab's name as its definition may have it: nothing that ends an HTML comment. */
const name = /^[a-z][a-z0-9-]{0,31}$/

/**
 * The first line of what a review becomes. A lab whose definition has errors has no name: then what it takes the place of (`before`) keeps
 * its own marker.
 */
export function markerFor(lab: string | null, before: string | null, about: About = 'review'): string {
  const known = before === null ? null : markerIn(before, about)
  return lab === null && known !== null ? known : markerOf(lab, about)
}

function markerOf(lab: string | null, about: About): string {
  return lab !== null && name.test(lab) ? `<!-- quorate ${about} of ${lab} -->` : `<!-- quorate ${about} -->`
}

/** The marker that a text begins with, of some lab or of none; null where it does not begin with one. */
function markerIn(body: string, about: About): string | null {
  const [, marker, word] = /^(<!-- quorate ([a-z]+)(?: of [a-z0-9-]+)? -->)\r?(?:\n|$)/.exec(body) ?? []
  return marker !== undefined && word === about ? marker : null
}

/**
 * Which of these texts a lab's own takes the place of, by its index; −1: none. That of the same lab before one that was written while the
 * lab had no name; and a lab that has no name now takes the only one there is.
 */
export function findMarked(bodies: readonly string[], lab: string | null, about: About = 'review'): number {
  const markers = bodies.map((body) => markerIn(body, about))
  const own = markers.indexOf(markerOf(lab, about))
  if (own !== -1) return own
  if (lab !== null) return markers.indexOf(markerOf(null, about))
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
