/** A lab on its way: as much of it as could be understood, with the places that the rules speak about. */
import type { Address, Lab, Place } from '../../../renderers/lab.ts'
import type { Finding } from '../../../renderers/renderer.ts'

export interface Draft {
  /** Without what is unsure. */
  readonly lab: Lab
  /** Every address of every host in it. */
  readonly addresses: readonly PlacedAddress[]
  readonly gateways: readonly PlacedGateway[]
  readonly routers: readonly PlacedRouter[]
  /** Every address that any file speaks of, ends of ranges and parts of what is unsure included: none of them is free. */
  readonly mentioned: ReadonlySet<string>
  readonly unsure: Unsure
}

export interface PlacedAddress {
  readonly host: string
  readonly network: string
  readonly address: Address
  /** Whether the prefix is written there, or taken from the network. */
  readonly prefixWritten: boolean
  readonly at: Place
}

export interface PlacedGateway {
  readonly host: string
  readonly network: string
  readonly ip: string
  readonly family: 4 | 6
  readonly at: Place
}

/** An address that moves between hosts. */
export interface PlacedRouter {
  readonly network: string
  /** Null: that of the network's virtual router. */
  readonly name: string | null
  readonly ip: string
  readonly at: Place
}

/** What exists but could not be understood: naming it is no mistake, and what is missing because of it is none either. */
export interface Unsure {
  readonly hosts: ReadonlySet<string>
  /** Null: networks.yaml itself cannot be read, so that every name may be one. */
  readonly networks: ReadonlySet<string> | null
  readonly services: ReadonlySet<string>
  /** Of hosts that are unsure. */
  readonly tags: ReadonlySet<string>
  /** Paths of files with a mistake in them. */
  readonly files: ReadonlySet<string>
}

/** A rule looks at the whole draft and says everything that breaks it. */
export type Rule = (draft: Draft) => readonly Finding[]

/** Whether a name may stand for a network. */
export function isNetwork(draft: Pick<Draft, 'lab' | 'unsure'>, name: string): boolean {
  return Object.hasOwn(draft.lab.networks, name) || isUnsureNetwork(draft.unsure, name)
}

/** Whether the name is that of a network which could not be understood. */
export function isUnsureNetwork(unsure: Unsure, name: string): boolean {
  return unsure.networks === null || unsure.networks.has(name)
}

/** Words joined for a sentence: "a, b and c". */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)!}`
}
