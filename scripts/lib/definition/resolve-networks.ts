/** networks.yaml → networks. */
import type { Network } from '../../../renderers/lab.ts'
import { networkPlace } from '../../../renderers/lab.ts'
import type { Finding } from '../../../renderers/renderer.ts'
import { readAddress, subnetOf } from './address.ts'
import { mistake } from '../../../renderers/mistake.ts'
import type { PlacedRouter, Unsure } from './draft.ts'
import { nearest } from '../../../renderers/nearest.ts'
import { soundEntries, sortedByKey, type LabFile } from './lab-file.ts'

export interface Networks {
  readonly networks: Readonly<Record<string, Network>>
  readonly routers: readonly PlacedRouter[]
  readonly unsure: Unsure['networks']
  readonly findings: readonly Finding[]
}

/** Which services the lab runs; not complete where one of their files has a name that no service has. */
export interface Carriers {
  readonly services: readonly string[]
  readonly complete: boolean
}

/** Every network that can be understood; the others are named in `unsure`. */
export function resolveNetworks(file: LabFile | undefined, carriers: Carriers): Networks {
  if (file === undefined || file.wrongKeys === null) return { networks: {}, routers: [], unsure: null, findings: [] }
  const all = sortedByKey(soundEntries(file)).map(([name, written]) => resolveNetwork(name, written as WrittenNetwork))
  const isCarried = ({ carrier }: Network) => carrier === 'physical' || carriers.services.includes(carrier)
  const sound = all.filter(({ network, findings }) => findings.length === 0 && isCarried(network))
  const uncarried = carriers.complete ? all.filter(({ network }) => !isCarried(network)) : []
  const names = [...file.wrongKeys, ...all.filter((one) => !sound.includes(one)).map(({ network }) => network.name)]
  return {
    networks: Object.fromEntries(sound.map(({ network }) => [network.name, network])),
    routers: sound.flatMap(({ routers }) => routers),
    // Behind a key that is no name, any name may have been meant.
    unsure: names.every((name) => isNetworkName(name)) ? new Set(names) : null,
    findings: [
      ...all.flatMap(({ findings }) => findings),
      ...uncarried.map(({ network }) => unknownCarrier(network, carriers)),
    ],
  }
}

function isNetworkName(name: string): boolean {
  return /^[a-z][a-z0-9_-]{0,31}$/.test(name)
}

/** A network is carried by a port, or by a service that the lab runs. */
function unknownCarrier({ name, carrier }: Network, { services }: Carriers): Finding {
  const meant = nearest(carrier, ['physical', ...services])
  const help = meant === null ? `write services/${carrier}.yaml, or name another carrier` : `did you mean "${meant}"?`
  const message = `nothing carries the network "${name}": the lab runs no service "${carrier}"`
  return mistake('unknown-carrier', networkPlace(name, 'carrier'), message, help)
}

/** As the schema promises it. */
interface WrittenNetwork {
  readonly title?: string
  readonly carrier: string
  readonly subnets?: readonly string[]
  readonly interface?: string
  readonly bridge?: string
  readonly mtu?: number
  readonly router?: string | readonly string[]
  readonly virtual?: Readonly<Record<string, string | readonly string[]>>
}

interface ResolvedNetwork {
  readonly network: Network
  readonly routers: readonly PlacedRouter[]
  /** Any of them makes the network unsure. */
  readonly findings: readonly Finding[]
}

/** Brings addresses into their one spelling and fills in what follows from the rest. */
function resolveNetwork(name: string, written: WrittenNetwork): ResolvedNetwork {
  const findings: Finding[] = []
  const subnets = (written.subnets ?? []).map((text, index) => {
    const at = networkPlace(name, 'subnets', index)
    return readSubnet(text, (rule, message, help) => findings.push(mistake(rule, at, message, help)))
  })
  const routers = placedRouters(name, null, written.router, findings)
  const virtual = sortedByKey(Object.entries(written.virtual ?? {})).map(
    ([what, ips]) => [what, placedRouters(name, what, ips, findings)] as const,
  )
  const network: Network = {
    name,
    title: written.title ?? name,
    carrier: written.carrier,
    subnets,
    interface: written.interface ?? (written.carrier === 'physical' ? null : name),
    bridge: written.bridge ?? null,
    mtu: written.mtu ?? null,
    router: routers.map(({ ip }) => ip),
    ...(virtual.length === 0
      ? {}
      : { virtual: Object.fromEntries(virtual.map(([what, placed]) => [what, placed.map(({ ip }) => ip)])) }),
  }
  return { network, routers: [...routers, ...virtual.flatMap(([, placed]) => placed)], findings }
}

type Say = (rule: string, message: string, help: string) => void

function readSubnet(text: string, say: Say): string {
  const address = readAddress(text)
  if (address === null || address.prefix === null) {
    say('not-a-subnet', `${text} is not a subnet`, 'write it like 10.0.0.0/24 or 2001:db8::/64')
    return text
  }
  const subnet = subnetOf({ ip: address.ip, prefix: address.prefix })
  if (subnet !== `${address.ip}/${address.prefix}`) {
    say('subnet-has-host-bits', `${text} is an address inside a subnet, not the subnet`, `write ${subnet}`)
  }
  return subnet
}

function placedRouters(
  network: string,
  name: string | null,
  written: string | readonly string[] | undefined,
  findings: Finding[],
): readonly PlacedRouter[] {
  const texts = written === undefined ? [] : [written].flat()
  const key = name === null ? ['router'] : ['virtual', name]
  return texts.map((text, index) => {
    const at = networkPlace(network, ...key, ...(typeof written === 'string' ? [] : [index]))
    const address = readAddress(text)
    if (address === null) findings.push(notAnAddress(text, at))
    return { network, name, ip: address?.ip ?? text, at }
  })
}

/** What is said about text that looks like an address and is none. */
export function notAnAddress(text: string, at: Finding['at']): Finding {
  const help =
    'write an IPv4 address like 10.0.0.1 (no leading zeros, each part 0 to 255) or an IPv6 address like 2001:db8::1'
  return mistake('not-an-address', at, `${text} is not an address`, help)
}
