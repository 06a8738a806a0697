/** Addresses by value: IPv4 and IPv6, strict, in one spelling. Compared as text only in that spelling. */
import { Address4, Address6 } from 'ip-address'
import type { Address } from '../../../renderers/renderer.ts'

/** An address as written: without a prefix where none is written. */
export interface WrittenAddress {
  /** In its one spelling. */
  readonly ip: string
  readonly prefix: number | null
  readonly family: 4 | 6
}

/** Null where the text is no address; "010.0.0.1", "10.1", zones and IPv4 inside IPv6 are none. */
export function readAddress(text: string): WrittenAddress | null {
  const [ip = '', prefix, ...more] = text.split('/')
  const parsed = more.length > 0 || text.includes('%') ? null : parse(ip)
  if (parsed === null) return null
  const bits = parsed instanceof Address4 ? 32 : 128
  const family = parsed instanceof Address4 ? 4 : 6
  if (prefix === undefined) return { ip: parsed.correctForm(), prefix: null, family }
  if (!/^(0|[1-9]\d{0,2})$/.test(prefix) || Number(prefix) > bits) return null
  return { ip: parsed.correctForm(), prefix: Number(prefix), family }
}

/** "10.0.0.1/24" → "10.0.0.0/24". */
export function subnetOf({ ip, prefix }: Pick<Address, 'ip' | 'prefix'>): string {
  return `${of(`${ip}/${prefix}`).startAddress().correctForm()}/${prefix}`
}

/** Whether the address lies in the subnet; never across families. */
export function isIn(ip: string, subnet: string): boolean {
  return overlaps(ip, subnet)
}

/** Whether two subnets, or an address and a subnet, share an address. */
export function overlaps(a: string, b: string): boolean {
  const [one, other] = [of(a), of(b)]
  if (one instanceof Address4 !== other instanceof Address4) return false
  return one.isInSubnet(other) || other.isInSubnet(one)
}

/**
 * Why no host may have this address; null where it may. A subnet's first address is its own name (IPv4) or its routers' (IPv6, RFC 4291);
 * IPv4's last one is the broadcast address. Subnets of one or two addresses have neither (RFC 3021, RFC 6164).
 */
export function unusable({ ip, prefix, family }: Address): string | null {
  const address = of(`${ip}/${prefix}`)
  if (address.isLoopback()) return 'is a loopback address'
  if (address.isMulticast()) return 'is a multicast address'
  if (ip === '0.0.0.0' || ip === '::' || (family === 4 && isIn(ip, '0.0.0.0/8'))) return 'stands for no host'
  if (family === 4 && isIn(ip, '240.0.0.0/4')) return 'is reserved'
  if (prefix >= (family === 4 ? 31 : 127)) return null
  if (ip === address.startAddress().correctForm()) return `is the name of the subnet ${subnetOf({ ip, prefix })} itself`
  if (family === 4 && ip === address.endAddress().correctForm())
    return `is the broadcast address of ${subnetOf({ ip, prefix })}`
  return null
}

/** The first free address behind the highest one taken, else the first free one; null where the subnet is full. */
export function freeAddress(subnet: string, taken: ReadonlySet<string>): string | null {
  const network = of(subnet)
  const first = network.startAddressExclusive().bigInt()
  const last = network.endAddressExclusive().bigInt()
  const used = [...taken].filter((ip) => isIn(ip, subnet)).map((ip) => of(ip).bigInt())
  const highest = used.reduce((a, b) => (a > b ? a : b), first - 1n)
  const candidates = [highest + 1n, ...used.map((value) => value + 1n), first]
  const free = candidates.find((value) => value >= first && value <= last && !used.includes(value))
  if (free === undefined) return null
  return (network instanceof Address4 ? Address4.fromBigInt(free) : Address6.fromBigInt(free)).correctForm()
}

/** A subnet as numbers, to be compared with many others. */
export interface Range {
  readonly family: 4 | 6
  readonly first: bigint
  readonly last: bigint
}

/** From its first address to its last one. */
export function rangeOf(subnet: string): Range {
  const address = of(subnet)
  const family = address instanceof Address4 ? 4 : 6
  return { family, first: address.startAddress().bigInt(), last: address.endAddress().bigInt() }
}

/** Whether two ranges share an address. */
export function meet(a: Range, b: Range): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last
}

function parse(ip: string): Address4 | Address6 | null {
  if (Address4.isValid(ip)) return new Address4(ip)
  return !ip.includes('.') && Address6.isValid(ip) ? new Address6(ip) : null
}

function of(address: string): Address4 | Address6 {
  return address.includes(':') ? new Address6(address) : new Address4(address)
}
