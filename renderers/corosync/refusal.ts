/** Why a change of the cluster is not rolled out, and what a person can do. */
export interface Refusal {
  readonly why: string
  readonly manual: string
  /** Once the person has done it, the running corosync tells so, and the rollout goes on; until then the rest of it goes on, or waits. */
  readonly byHand?: 'goes-on' | 'waits'
}
