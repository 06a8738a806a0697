/** Every address is usable, inside its network and one host's alone. */
import type { Finding } from '../../../../renderers/renderer.ts'
import { freeAddress, isIn, subnetOf, unusable } from '../address.ts'
import { mistake } from '../../../../renderers/mistake.ts'
import type { Draft, PlacedAddress } from '../draft.ts'

/** Addresses against their network's subnets and the rules of their family. */
export function addressesFit(draft: Draft): readonly Finding[] {
  const taken = draft.mentioned
  return draft.addresses.flatMap((placed) => addressFits(draft, placed, taken))
}

function addressFits(draft: Draft, placed: PlacedAddress, taken: ReadonlySet<string>): readonly Finding[] {
  const { address, at } = placed
  const network = draft.lab.networks[placed.network]!
  const subnet = network.subnets.find((candidate) => isIn(address.ip, candidate))
  if (network.subnets.length > 0 && subnet === undefined) {
    const message = `${address.ip} is not in network "${network.name}" (${network.subnets.join(', ')})`
    return [mistake('address-outside-network', at, message, freeOne(network.subnets, address.family, taken))]
  }
  if (subnet !== undefined && subnetOf(address) !== subnet) {
    const message = `${address.ip}/${address.prefix} has another prefix than its network "${network.name}" (${subnet})`
    return [
      mistake('prefix-differs', at, message, `leave the prefix out, or write ${address.ip}/${subnet.split('/')[1]}`),
    ]
  }
  const why = unusable(address)
  if (why === null) return []
  const help =
    network.subnets.length > 0
      ? freeOne(network.subnets, address.family, taken)
      : 'write the address that the host has in this network'
  return [mistake('address-unusable', at, `${address.ip} ${why}; no host can have it`, help)]
}

/** A remedy: an address of that family in one of the subnets that nobody speaks of. */
export function freeOne(subnets: readonly string[], family: 4 | 6, taken: ReadonlySet<string>): string {
  const subnet = subnets.find((candidate) => candidate.includes(':') === (family === 6))
  if (subnet === undefined) return `add an IPv${family} subnet to the network in networks.yaml, or remove the address`
  const free = freeAddress(subnet, taken)
  return free === null ? `${subnet} is full: add a subnet in networks.yaml` : `take a free address, e.g. ${free}`
}

/** One address, one owner: hosts, virtual routers and other addresses that move. */
export function addressesAreUnique(draft: Draft): readonly Finding[] {
  const taken = draft.mentioned
  const owners = new Map<string, string>()
  const moving = draft.routers.map((one) => ({
    ...one,
    owner:
      one.name === null
        ? `the virtual router of "${one.network}"`
        : `"${one.name}", a virtual address of "${one.network}"`,
    family: one.ip.includes(':') ? (6 as const) : (4 as const),
    subnet: null,
  }))
  const standing = draft.addresses.map(({ address, host, network, at }) => {
    return { network, ip: address.ip, at, owner: `"${host}"`, family: address.family, subnet: subnetOf(address) }
  })
  return [...moving, ...standing].flatMap(({ network, ip, at, owner, family, subnet }) => {
    const other = owners.get(ip)
    if (other === undefined) {
      owners.set(ip, owner)
      return []
    }
    const { subnets } = draft.lab.networks[network]!
    const help = freeOne(subnets.length > 0 || subnet === null ? subnets : [subnet], family, taken)
    return [mistake('address-taken', at, `${ip} is already the address of ${other}`, help)]
  })
}
