/** A change: one file's difference between two bundles of one host. */
import type { Sha256 } from './rendering.ts'

export interface Change {
  readonly host: string
  readonly path: string
  readonly service: string
  readonly part: string
  readonly kind: 'new' | 'changed' | 'removed'
  /** renderHash; null where there is no file. */
  readonly before: Sha256 | null
  readonly after: Sha256 | null
  /** content digest; null where there is no file. Equal on both sides where only mode, owner or a secret differs. */
  readonly contentBefore: Sha256 | null
  readonly contentAfter: Sha256 | null
}
