/** A rollout: the ordered waves of steps that take the hosts from one set of bundles to another. Plain data, sorted, with a digest. */
import type { Act, Id, Layer, PerHost } from '../../../renderers/renderer.ts'
import type { Change } from '../bundle/change.ts'
import type { WayIn } from './management-path.ts'

export type Plan =
  | { readonly kind: 'rollout'; readonly rollout: Rollout }
  | { readonly kind: 'refused'; readonly refusals: readonly Refusal[] }

export interface Rollout {
  readonly format: 1
  /** SHA-256 over everything else, hexadecimal. */
  readonly digest: string
  readonly lab: string
  /** Steps of one wave share no host and no group that has something to lose; they may be carried out side by side. */
  readonly waves: readonly (readonly Step[])[]
  /** What a person has to do after these steps, before the rest of the services can follow. Absent where there is nothing. */
  readonly byHand?: readonly ByHand[]
}

export interface ByHand {
  readonly service: string
  readonly why: string
  /** The commands, in order. */
  readonly manual: string
}

export interface Step {
  /** From 1, in the order of the waves. */
  readonly id: number
  readonly service: string
  readonly part: string
  readonly layer: Layer
  readonly writes: readonly Write[]
  /** Hosts on which a group's member may be away meanwhile, and those written to: all are armed and probed. Sorted. */
  readonly affects: readonly string[]
  /** Everything that is away meanwhile, what the carriers carry included. Sorted. */
  readonly interrupts: readonly Id[]
  /** The longest the interruption may last. */
  readonly maxSeconds: number
  /**
   * Every group that worked before and of which the step changes, interrupts or weakens (one of two ways lost) a member, or of which a member
   * is the other way that is left. Sorted.
   */
  readonly groups: readonly GroupMargin[]
  /** Groups that must be whole before it starts, but for `missing`: all of `groups` that are not below their minimum anyway. Sorted. */
  readonly gate: readonly Id[]
  /**
   * Members of groups in `gate` that are not there when it starts: on lost hosts, left unfinished by an earlier rollout, or not running
   * where hosts are adopted. Nobody is asked for them; without them, and meanwhile, their groups must not fall below the minimum. Sorted.
   */
  readonly missing: readonly Id[]
  /** Groups that must be whole, and steady for their soak, before it is confirmed: those of `gate` and those it completes. Sorted. */
  readonly whole: readonly Id[]
  /**
   * Those of `whole` that are as the new definition has them from here on: all their new members are asked. Of other groups, the
   * members that the old definition has and that are still there are asked: a new one cannot be up before its peers know it. Sorted.
   */
  readonly completes: readonly Id[]
  /** The deployer's own ways in that it touches: see there how they are probed. Sorted by host. */
  readonly ways: readonly WayIn[]
  /** Why it comes when it comes, in words for a person. */
  readonly because: readonly string[]
  /** Only where old and new do not understand each other, and the hosts written to change in turn. */
  readonly lockstep?: Lockstep
}

/** In three phases: the others are stopped; who is in charge gets its files and is told; then the others get theirs and are told. */
export interface Lockstep {
  /** The host that goes on while the others are stopped, and decides for all; nothing may change on it. */
  readonly inCharge: string
  /** It changes after the others, not before them. */
  readonly isLast?: boolean
  /** By every other host written to: what is told before anybody's files change. */
  readonly stop: PerHost<readonly Act[]>
  /** So long some hosts may have the old settings and others the new ones before they disturb each other. Seconds. */
  readonly apartSeconds: number
}

/** What one host gets in a step. */
export interface Write {
  readonly host: string
  /** Empty where another host of the step writes, on pmxcfs, what all share: this one only records that it has it now. */
  readonly changes: readonly Change[]
  /** In order, each once: what the units are told after the files are in place. */
  readonly acts: readonly Act[]
}

/** While a quorum turns from one definition into another both have to hold: then these are the numbers of the tighter one. */
export interface GroupMargin {
  readonly group: Id
  readonly kind: 'quorum' | 'pool'
  /** Votes of a quorum, members of a pool. */
  readonly before: number
  readonly during: number
  readonly needs: number
  /** How many hosts more, beside lost ones, could die during the step without the group falling below its minimum; −1: it does already, and that was accepted. */
  readonly margin: number
}

/** Why no safe order exists. */
export interface Refusal {
  readonly group: Id | null
  readonly service: string
  readonly part: string
  readonly host: string
  readonly why: string
  readonly waysOut: readonly string[]
}
