/** What a renderer is: lab → settings, settings → files and all that has to be known about them, as plain data (JSON). */
import type { Id, Json, Lab, PerHost, Place } from './lab.ts'

export * from './lab.ts'
export { doubt, mistake, mistakenKey } from './mistake.ts'
export { template, type Hole, type Template } from './template.ts'

/** One service: everything about it is in its folder under renderers/, and one line in the registry. */
export interface Renderer<S extends Json = Json> {
  /** The service's name: its folder, its file under lab/services/ and its daemon. */
  readonly service: string
  /** Raised when the same settings come to mean other files; hosts whose files an older version made are changed one at a time. */
  readonly version: number
  /** JSON Schema (2020-12) of lab/services/<service>.yaml. */
  readonly schema: object
  /** What is wrong or doubtful beyond the schema; every finding at once. Called with a lab that its schema accepted. */
  problems(lab: Lab): readonly Finding[]
  /** What the service is set to on each host that runs it. Two labs with equal settings have equal files. */
  settings(lab: Lab): PerHost<S>
  /** The files of one host, in parts; each part is changed in a step of its own. */
  parts(host: string, settings: S): readonly Part[]
  /** Whose quorum or minimum must hold. */
  groups(all: PerHost<S>): readonly Group[]
  /** How the hosts get from one set of settings to another. `secrets`: those whose value is another one afterwards. */
  transition(before: PerHost<S>, after: PerHost<S>, secrets?: ReadonlySet<Id>): Transition
}

/** A problem in the definition, before it is known on which line its place is. */
export interface Finding {
  readonly rule: string
  readonly severity: 'error' | 'warning'
  readonly at: Place
  /** What is wrong, with the value. */
  readonly message: string
  /** What to do. */
  readonly help: string
  /** Point at the key instead of its value. */
  readonly onKey?: boolean
}

/** A file's content: text, with holes for what only the deployer knows. */
export type Text = readonly (string | SecretHole | SerialHole)[]

/** Filled from the secrets when a step is staged. */
export interface SecretHole {
  readonly secret: Id
  readonly kind: SecretKind
  /** Of a pair: which half. A secret without halves is whole. */
  readonly half: 'whole' | 'private' | 'public'
}

/** Filled with the live cluster's number + 1 when a step is staged ("corosync": config_version); ignored in comparisons. */
export interface SerialHole {
  readonly serial: Id
}

/** vrrp-password: 1–8 printable characters. rsa-key-pair: PKCS#1 PEM, 2048 bits or more. text: one line. certificate-and-key: certificates and
 * the private key of the first, in PEM. */
export type SecretKind = 'vrrp-password' | 'rsa-key-pair' | 'text' | 'certificate-and-key'

/** What a unit is told, or what is run, on the host. `run` is an argument vector, never a shell line. */
export type Act =
  | { readonly unit: string; readonly do: 'enable' | 'start' | 'reload' | 'restart' | 'stop' | 'disable' }
  | { readonly run: readonly string[] }

/** What a change sets off. */
export interface Effect {
  readonly acts: readonly Act[]
  /** Members and provided ids that are away meanwhile; what needs them is found by the planner. */
  readonly interrupts: readonly Id[]
  /** The longest the interruption may last. */
  readonly maxSeconds: number
}

export interface File {
  /** Absolute path on the host, of [A-Za-z0-9._@:+-] and "/", no "..". */
  readonly path: string
  /** Four octal digits, "0644". On pmxcfs the file system decides. */
  readonly mode: string
  /** "root:root". */
  readonly owner: string
  readonly store: 'disk' | 'pmxcfs'
  readonly text: Text
  /** The places in the lab that it came from. */
  readonly from: readonly Place[]
  readonly onChange: Effect
  /** Of a file on pmxcfs with a number that may only rise: the copy of it that pmxcfs lays on every node by itself. */
  readonly copy?: Copy
}

/**
 * What a daemon lives by instead of the shared file, because that may be read-only or away when the daemon is not well. While the shared file
 * is changed, every host that has the copy is armed to put it back by itself.
 */
export interface Copy {
  /** On disk, of the same alphabet as a file's. */
  readonly path: string
  readonly mode: string
  readonly owner: string
  /** What is told where the copy had to be put back without pmxcfs, which tells the daemon by itself otherwise. */
  readonly acts: readonly Act[]
}

/** A command whose answer tells whether something is well. */
export interface Probe {
  /** In the words of an operator: "corosync@pve1 is a member of a quorate cluster". */
  readonly title: string
  readonly run: readonly string[]
  readonly exit: readonly number[]
  /** A regular expression (flags "m") that standard output must match. */
  readonly stdout?: string
  /** A regular expression (flags "mi") that standard error must not match. */
  readonly stderrNot?: string
  /** How long it may take to become well after a change; 0: it has to be well at once. */
  readonly withinSeconds: number
  /** Hosts whose own members of the group have to be there for it to be well. It is not asked while one of them is known to be missing. */
  readonly peers?: readonly string[]
  /**
   * Of a member: asked no more from the first step of the member's own on after which it is not asked this any more. It tells of something that the
   * change itself takes away (a link of corosync), which is gone long before the last step.
   */
  readonly droppable?: true
}

/** One step's worth of one service on one host. */
export interface Part {
  /** Unique per host, starts with the service's name: "tinc.cluster". */
  readonly id: string
  /** Where it stands in the order of risk: cheap to lose first. */
  readonly layer: Layer
  /** "cluster": its files are written in one step on all hosts that have the part, and its acts are done on the first of them only. */
  readonly reach: 'host' | 'cluster'
  readonly files: readonly File[]
  /** Units stopped and disabled when the part leaves the host. */
  readonly onRemove: Effect
  readonly needs: Needs
  /** The daemon's own checkers, called as its unit calls the daemon, on the staged bytes at their real paths. */
  readonly check: readonly Probe[]
  /** Whether the part works after its units were told. */
  readonly probe: readonly Probe[]
}

/**
 * 1 monitoring, ingress; 2 names; 3 router; 4 VPN; 5 access; 6 VPN that carries a quorum; 7 interfaces; 8 cluster membership.
 * What is of layer 5 or 7, or interrupts a network that the deployer comes in by, goes to one host first, and new connections confirm it.
 */
export type Layer = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8

/** What has to be on the host already; deploying installs nothing. */
export interface Needs {
  /** Debian package → a path that it installs. */
  readonly packages: Readonly<Record<string, string>>
  readonly directories: readonly string[]
  /** What only a person can make: a path, and how (a command; where it has to be run somewhere else than on the host, it says so). */
  readonly byHand?: Readonly<Record<string, string>>
}

export interface Member {
  readonly id: Id
  /** Empty: it stands on no host of ours, and the other members are asked about it. */
  readonly host: string
  readonly votes: number
  /** All of these, and of each the one or the other: [["net:cluster@pve1", "net:public@pve1"]]. */
  readonly needs: readonly (readonly Id[])[]
  /**
   * Of each of these members, as long as it is there itself, any one of these: {"corosync@pve1": ["net:public@pve1"]}. A quorum device votes only
   * where every node that stands has a way to it.
   */
  readonly needsWhile?: Readonly<Record<Id, readonly Id[]>>
  readonly provides: readonly Id[]
  /** All must be well for the member to count as there. */
  readonly up: readonly Probe[]
}

export interface Group {
  readonly id: Id
  readonly kind: 'quorum' | 'pool'
  /** Votes of a quorum, members of a pool, that must be there at any time. */
  readonly minimum: number
  /** How long it must be whole and steady before the next step. */
  readonly soakSeconds: number
  /** In the order in which they are changed: backups before masters. */
  readonly members: readonly Member[]
  /** What the members must agree on. */
  readonly agree: readonly Agreement[]
  /** What a person can do where the group cannot spare a member, before all that holds for any group. Sentences without a full stop. */
  readonly waysOut?: readonly string[]
  /** What users get of the group; asked for from where they stand while a rollout is rehearsed. */
  readonly offers?: readonly Offer[]
}

/** Something that a guest in `network` can ask for. `title` in the words of a user: "the router 10.0.1.1". */
export type Offer = { readonly title: string; readonly network: string } &
  /** An address that answers pings. */
  (
    | { readonly kind: 'address'; readonly address: string }
    /** The way to the internet. */
    | { readonly kind: 'way-out' }
    /** Name servers, asked one after the other until one answers (resolv.conf(5)), and a name that they know: the first one's own. */
    | { readonly kind: 'names'; readonly addresses: readonly string[]; readonly name: string }
    /** Somebody gives leases. */
    | { readonly kind: 'leases' }
    /** A TCP port that answers. */
    | { readonly kind: 'port'; readonly address: string; readonly port: number }
  )

/** Asked of every member: what `pick` finds must be the same everywhere and hold still, or be found on exactly one. */
export interface Agreement {
  readonly title: string
  readonly run: readonly string[]
  /** A regular expression (flags "m"); its first group is the answer, all matches are joined. */
  readonly pick: string
  readonly across: 'same' | 'one'
}

export type Transition =
  /** Old and new work side by side. `effects`: told instead of the files' own, per host and part. */
  | { readonly kind: 'rolling'; readonly effects?: PerHost<Readonly<Record<string, Effect>>> }
  /** Old and new do not understand each other: these hosts move together, all others one by one. No host is in two moves. */
  | { readonly kind: 'lockstep'; readonly moves: readonly Move[] }
  /**
   * A person has to do something first, by the commands in `manual`; `done` is well on every host that has the service once it is done, and then it is
   * rolling. Until then the service stays as it is everywhere; all else is rolled out before (`goes-on`), or nothing is (`waits`).
   */
  | {
      readonly kind: 'by-hand'
      readonly why: string
      readonly manual: string
      readonly done: Probe
      readonly rest: 'goes-on' | 'waits'
    }
  /** No safe way is known: the reason, and what a person can do. */
  | { readonly kind: 'refuse'; readonly why: string; readonly manual: string }

/**
 * One part of several hosts that changes in one step: the others are stopped, the one in charge changes, and then they start with what is new; or,
 * where `isLast`, the others change and then the one in charge does. What that one ends as decides for all.
 */
export interface Move {
  readonly part: string
  /** What changes, in a few words: "the id of the router "services" changes from 10 to 11". */
  readonly why: string
  /** The host that goes on while the others are stopped. */
  readonly inCharge: string
  /** The one in charge changes last. Absent: first. */
  readonly isLast?: boolean
  /** By host, all but the one in charge: what is told before anybody's files change. */
  readonly stop: PerHost<readonly Act[]>
  /** By host, all of them: what is told when its files are in place, and what all of this interrupts there. */
  readonly effects: PerHost<Effect>
  /** So long hosts with the old settings and hosts with the new ones may run side by side before they disturb each other. Seconds. */
  readonly apartSeconds: number
}

/** The effect of a change that nobody has to be told of. */
export const quiet: Effect = { acts: [], interrupts: [], maxSeconds: 0 }

/** The id by which a host's foot in a network is known to members that need it. */
export function netId(network: string, host: string): Id {
  return `net:${network}@${host}`
}
