/** A node's or guest's file → a host. */
import type { Address, Attachment, Host, Network, Place, Platform } from '../../../renderers/lab.ts'
import { hostFile, hostPlace } from '../../../renderers/lab.ts'
import type { Finding } from '../../../renderers/renderer.ts'
import { isIn, readAddress } from './address.ts'
import { mistake } from '../../../renderers/mistake.ts'
import type { PlacedAddress, PlacedGateway } from './draft.ts'
import { sortedByKey } from './lab-file.ts'
import { notAnAddress } from './resolve-networks.ts'

/** As the schema promises it; a node has an id, a guest a type, vmid and node. */
export interface WrittenHost {
  readonly title?: string
  readonly id?: number
  readonly platform?: Platform
  readonly type?: 'lxc' | 'vm'
  readonly vmid?: number
  readonly node?: string
  readonly tags?: readonly string[]
  readonly addresses: Readonly<Record<string, WrittenAttachment>>
}

type WrittenAttachment =
  | string
  | readonly string[]
  | {
      readonly port?: string
      readonly address: string | readonly string[]
      readonly gateway?: string | readonly string[]
      readonly line?: { readonly latency?: number; readonly loss?: number }
    }

export interface ResolvedHost {
  readonly host: Host
  readonly addresses: readonly PlacedAddress[]
  readonly gateways: readonly PlacedGateway[]
  /** Any of them makes the host unsure. */
  readonly findings: readonly Finding[]
}

/** `networkOf` gives the network of a name; null where it is not understood: such a foot is left out. */
export function resolveHost(
  identity: Pick<Host, 'name' | 'kind'>,
  written: WrittenHost,
  platform: Platform,
  networkOf: (name: string) => Network | null,
): ResolvedHost {
  const findings: Finding[] = []
  const feet = sortedByKey(Object.entries(written.addresses)).flatMap(([name, attachment]) => {
    const network = networkOf(name)
    return network === null ? [] : [resolveFoot(identity, network, attachment, findings)]
  })
  const host: Host = {
    ...identity,
    title: written.title ?? identity.name,
    platform: identity.kind === 'guest' ? 'debian' : (written.platform ?? platform),
    id: written.id ?? null,
    tags: (written.tags ?? []).toSorted(),
    addresses: Object.fromEntries(feet.map(({ attachment }) => [attachment.network, attachment])),
    guest: guestFacts(identity, written),
  }
  return {
    host,
    addresses: feet.flatMap(({ addresses }) => addresses),
    gateways: feet.flatMap(({ gateways }) => gateways),
    findings,
  }
}

function guestFacts(identity: Pick<Host, 'name' | 'kind'>, written: WrittenHost): Host['guest'] {
  if (identity.kind === 'node') return null
  const { type, vmid, node } = written
  if (type === undefined || vmid === undefined || node === undefined) {
    throw new Error(`${hostFile(identity)} was let through by its schema without type, vmid or node`)
  }
  return { type, vmid, node }
}

interface Foot {
  readonly attachment: Attachment
  readonly addresses: readonly PlacedAddress[]
  readonly gateways: readonly PlacedGateway[]
}

function resolveFoot(
  identity: Pick<Host, 'name' | 'kind'>,
  network: Network,
  written: WrittenAttachment,
  findings: Finding[],
): Foot {
  const long =
    typeof written === 'object' && !Array.isArray(written)
      ? (written as Exclude<WrittenAttachment, string | readonly string[]>)
      : null
  const at = hostPlace(identity, 'addresses', network.name)
  const ofHost = { host: identity.name, network: network.name }
  const written1 =
    long === null ? placed(written as string | readonly string[], at) : placed(long.address, below(at, 'address'))
  const addresses = written1.flatMap((place) =>
    readFoot(place, network, findings).map((read) => ({ ...ofHost, ...read })),
  )
  const hops = long?.gateway === undefined ? [] : placed(long.gateway, below(at, 'gateway'))
  const gateways = hops.flatMap(({ text, at: place }) => {
    const gateway = readAddress(text)
    if (gateway === null) findings.push(notAnAddress(text, place))
    return gateway === null ? [] : [{ ...ofHost, ip: gateway.ip, family: gateway.family, at: place }]
  })
  const attachment = {
    network: network.name,
    addresses: addresses.map(({ address }) => address),
    gateways: gateways.map(({ ip }) => ip),
    port: long?.port ?? null,
    line: long?.line === undefined ? null : { latencyMs: long.line.latency ?? 0, lossPercent: long.line.loss ?? 0 },
  }
  return { attachment, addresses, gateways }
}

interface PlacedText {
  readonly text: string
  readonly at: Place
}

function placed(written: string | readonly string[], at: Place): readonly PlacedText[] {
  if (typeof written === 'string') return [{ text: written, at }]
  return written.map((text, index) => ({ text, at: below(at, index) }))
}

function below(place: Place, ...path: readonly (string | number)[]): Place {
  return { ...place, path: [...place.path, ...path] }
}

function readFoot(
  { text, at }: PlacedText,
  network: Network,
  findings: Finding[],
): readonly Pick<PlacedAddress, 'address' | 'prefixWritten' | 'at'>[] {
  const read = readAddress(text)
  if (read === null) {
    findings.push(notAnAddress(text, at))
    return []
  }
  const prefix = read.prefix ?? prefixIn(network, read)
  if (prefix === null) {
    const message = `${text} has no prefix, and the network "${network.name}" has no subnet to take it from`
    findings.push(
      mistake(
        'prefix-missing',
        at,
        message,
        `write the prefix that your provider names, for example ${text}/${read.family === 4 ? 24 : 64}`,
      ),
    )
    return []
  }
  const address: Address = { ip: read.ip, prefix, family: read.family }
  return [{ address, prefixWritten: read.prefix !== null, at }]
}

/** That of the subnet it is in; an address outside of all is a mistake of its own, and one of them serves as well as another. */
function prefixIn(network: Network, address: Pick<Address, 'ip' | 'family'>): number | null {
  if (network.subnets.length === 0) return null
  const subnet = network.subnets.find((candidate) => isIn(address.ip, candidate))
  return subnet === undefined ? (address.family === 4 ? 32 : 128) : Number(subnet.split('/')[1])
}
