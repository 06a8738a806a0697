/** Why a change of the cluster is not rolled out, and what a person can do. */
export interface Refusal {
  readonly why: string
  readonly manual: string
}
