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

/** The first line. A lab whose definition has errors has no name. */
export function markerOf(lab: string | null): string {
  return lab !== null && name.test(lab) ? `<!-- ${word} of ${lab} -->` : `<!-- ${word} -->`
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
