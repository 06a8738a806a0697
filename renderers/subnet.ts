import { Address4, Address6 } from 'ip-address'

/** The subnet, of those given (CIDR), that an address without prefix is in; null for none. */
export function subnetOf(ip: string, subnets: readonly string[]): string | null {
  return subnets.find((subnet) => sameFamily(ip, subnet) && parse(ip).isInSubnet(parse(subnet) as never)) ?? null
}

/** The bits of a subnet's prefix. */
export function prefixOf(subnet: string): number {
  return parse(subnet).subnetMask
}

/** An IPv4 subnet's own name and its broadcast address, which no host can have; none where the subnet has no more than these (RFC 3021). */
export function edgesOf(subnet: string): readonly string[] {
  const address = parse(subnet)
  if (address instanceof Address6 || address.subnetMask >= 31) return []
  return [address.startAddress().correctForm(), address.endAddress().correctForm()]
}

/** A number to compare and count addresses of one family by. */
export function addressNumber(ip: string): bigint {
  return parse(ip).bigInt()
}

/** Whether it is an address at all, without prefix. */
export function isAddress(ip: string): boolean {
  return !ip.includes('/') && (Address4.isValid(ip) || Address6.isValid(ip))
}

/** 255.255.255.0 of 10.0.1.0/24. */
export function netmaskOf(subnet: string): string {
  const bits = prefixOf(subnet)
  const mask = bits === 0 ? 0n : (0xffffffffn << BigInt(32 - bits)) & 0xffffffffn
  return Address4.fromBigInt(mask).address
}

function parse(text: string): Address4 | Address6 {
  return text.includes(':') ? new Address6(text) : new Address4(text)
}

function sameFamily(a: string, b: string): boolean {
  return a.includes(':') === b.includes(':')
}
