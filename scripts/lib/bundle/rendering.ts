/** A rendering: what every host of a lab should hold, and all that is known about it. Plain JSON, the same bytes for the same lab. */
import type { File, Group, Host, Id, Json, Part, PerHost, SecretKind, Text } from '../../../renderers/renderer.ts'

export type Sha256 = string

export interface Rendering {
  readonly format: 1
  readonly lab: string
  readonly hosts: PerHost<Bundle>
  /** Equal content is held once. A file names its content by digest. */
  readonly contents: Readonly<Record<Sha256, Text>>
  readonly secrets: Readonly<Record<Id, DeclaredSecret>>
}

export interface DeclaredSecret {
  readonly kind: SecretKind
  /** Of the ciphertext; "unset" where the secret has no value yet. Says nothing about the value. */
  readonly fingerprint: string
}

/** What one host should hold; on the host it is kept as manifest.json. */
export interface Bundle {
  readonly format: 1
  readonly lab: string
  readonly host: string
  readonly kind: Host['kind']
  readonly platform: Host['platform']
  readonly way: Way
  /** By service: the settings a later change is judged by. */
  readonly services: Readonly<Record<string, { readonly version: number; readonly settings: Json }>>
  readonly parts: readonly PartManifest[]
  /** The groups that have a member here, or that something here carries. */
  readonly groups: readonly Group[]
}

/** How the deployer gets to the host. */
export interface Way {
  /** In order of preference. */
  readonly addresses: readonly string[]
  readonly port: number
  /** Ports on which sshd answers besides, while the port is being changed. Absent: none. */
  readonly otherPorts?: readonly number[]
  readonly user: string
  /** Nodes to jump through, in order of preference: any one of them will do. Empty: directly. */
  readonly via: readonly string[]
  /** What carries it. Absent in manifests of hosts that were deployed before this was written down. */
  readonly carriers?: readonly Carrier[]
}

/** A foot in a network, on the host itself or on the node that a guest is reached through. */
export interface Carrier {
  /** "net:public@pve1". */
  readonly net: Id
  /** "vmbr0"; null where the lab names none. */
  readonly interface: string | null
}

export interface PartManifest extends Omit<Part, 'files'> {
  readonly service: string
  readonly files: readonly FileManifest[]
}

export interface FileManifest extends Omit<File, 'text'> {
  readonly content: Sha256
  /** Fingerprints of the secrets in it, by id. */
  readonly secrets: Readonly<Record<Id, string>>
  /** Of the text with its holes and the fingerprints of the secrets in them: public. */
  readonly renderHash: Sha256
}
