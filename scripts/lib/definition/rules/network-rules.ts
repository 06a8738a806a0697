/** What the networks owe each other. */
import { networkPlace, type Network } from '../../../../renderers/lab.ts'
import type { Finding } from '../../../../renderers/renderer.ts'
import { isIn, meet, rangeOf, subnetOf } from '../address.ts'
import { mistake, mistakenKey } from '../../../../renderers/mistake.ts'
import type { Draft } from '../draft.ts'
import { freeOne } from './address-rules.ts'

/** No address may belong to two networks: packets take one of two ways then, and which one is luck. */
export function networksAreDisjoint(draft: Draft): readonly Finding[] {
  const networks = Object.values(draft.lab.networks)
  const declared = networks.flatMap(({ name, subnets }) =>
    subnets.map((subnet, index) => ({
      network: name,
      subnet,
      range: rangeOf(subnet),
      at: networkPlace(name, 'subnets', index),
    })),
  )
  // Where a network has no subnets of its own, the hosts' subnets are what it takes up.
  const used = draft.addresses
    .filter(({ network }) => draft.lab.networks[network]!.subnets.length === 0)
    .map(({ network, address, at }) => {
      const subnet = subnetOf(address)
      return { network, subnet, range: rangeOf(subnet), at }
    })
  return [...declared, ...used].flatMap((each, index) => {
    const other = declared
      .slice(0, index)
      .find(
        (earlier) => meet(earlier.range, each.range) && (earlier.network !== each.network || index < declared.length),
      )
    if (other === undefined) return []
    const which = other.network === each.network ? 'in the same network' : `of network "${other.network}"`
    const message = `${each.subnet} overlaps with ${other.subnet} ${which}`
    return [mistake('networks-overlap', each.at, message, 'choose a subnet that no other network takes up')]
  })
}

/** An address that moves lies in a subnet of its network. */
export function routersAreInside(draft: Draft): readonly Finding[] {
  return draft.routers.flatMap((one) => {
    const { network, ip, at } = one
    const { subnets } = draft.lab.networks[network]!
    if (subnets.length === 0) {
      const what = one.name === null ? 'a virtual router' : 'a virtual address'
      const help = `add the subnet that it is in ("subnets:"), or remove it`
      return [mistake('router-without-subnet', at, `the network "${network}" has ${what} but no subnet`, help)]
    }
    if (subnets.some((subnet) => isIn(ip, subnet))) return []
    const what = one.name === null ? 'the virtual router' : `the virtual address "${one.name}"`
    const message = `${what} ${ip} is not in network "${network}" (${subnets.join(', ')})`
    const family = ip.includes(':') ? 6 : 4
    return [mistake('router-outside-network', at, message, freeOne(subnets, family, draft.mentioned))]
  })
}

/** Interfaces and bridges have names of their own on every node, and Linux can hold them. */
export function interfacesAreUnique(draft: Draft): readonly Finding[] {
  const owners = new Map<string, string>()
  return Object.values(draft.lab.networks).flatMap((network) => [
    ...ownInterface(network),
    ...newNames(network, owners),
  ])
}

function ownInterface({ name, carrier, interface: own }: Network): readonly Finding[] {
  if (carrier === 'physical' && own !== null) {
    const message = `the network "${name}" is physical: its interface is the port that each node names`
    return [
      mistakenKey(
        'interface-of-physical',
        networkPlace(name, 'interface'),
        message,
        'remove the line; write "port:" in nodes/*.yaml',
      ),
    ]
  }
  // The kernel's IFNAMSIZ is 16, with the closing zero.
  if (carrier === 'physical' || own === null || own.length <= 15) return []
  const message = `the interface of "${name}" would be called "${own}", and Linux takes 15 characters at most`
  return [
    mistakenKey('interface-name-too-long', networkPlace(name), message, 'give it a shorter name with "interface:"'),
  ]
}

function newNames({ name, interface: own, bridge }: Network, owners: Map<string, string>): readonly Finding[] {
  const names = [['interface', own] as const, ['bridge', bridge] as const]
  return names.flatMap(([key, value]) => {
    if (value === null) return []
    const owner = owners.get(value)
    owners.set(value, owner ?? `the ${key} of network "${name}"`)
    if (owner === undefined) return []
    const message = `"${value}", the ${key} of network "${name}", is already ${owner}`
    return [
      mistake(
        'interface-taken',
        networkPlace(name, key),
        message,
        'choose another name: two networks on one segment are one network',
      ),
    ]
  })
}

/** RFC 8200: a link that carries IPv6 passes packets of 1280 bytes. */
export function mtusFit(draft: Draft): readonly Finding[] {
  return Object.values(draft.lab.networks).flatMap(({ name, mtu, subnets }) => {
    if (mtu === null || mtu >= 1280 || !subnets.some((subnet) => subnet.includes(':'))) return []
    const message = `an MTU of ${mtu} is too small for IPv6, and "${name}" has an IPv6 subnet`
    return [mistake('mtu-too-small', networkPlace(name, 'mtu'), message, 'write 1280 or more')]
  })
}
