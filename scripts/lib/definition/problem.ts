/** A problem in the definition: what is wrong with which value, where, and what to do. */

export interface Problem {
  readonly severity: 'error' | 'warning'
  /** Kebab-case and stable: "address-outside-network". */
  readonly rule: string
  /** Relative to the repository's root, with "/". */
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1, in characters. */
  readonly column: number
  /** How many characters the value takes on its line, at least 1. */
  readonly length: number
  /** The line itself, cut to 120 characters around the column; empty where there is none. */
  readonly excerpt: string
  readonly message: string
  readonly help: string
}
