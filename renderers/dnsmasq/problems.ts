import { hostPlace, mistake, mistakenKey, serviceOf, servicePlace, type Finding, type Lab } from '../renderer.ts'
import { addressNumber, edgesOf, isAddress, subnetOf } from '../subnet.ts'
import { unknownHost, unknownNetwork } from '../unknown-name.ts'
import { inRange, ipsOf, rangeOf, type DnsmasqService } from './settings.ts'

/** What dnsmasq --test does not find: ranges and reservations outside the network or in each other's way, all in the side files. */
export function problems(lab: Lab): readonly Finding[] {
  const service = serviceOf<DnsmasqService>(lab, 'dnsmasq')
  if (service === null) return []
  const network = lab.networks[service.network]
  if (network === undefined) return [unknownNetwork(lab, service.network, servicePlace('dnsmasq', 'network'))]
  return [...servers(lab, service), ...upstream(service), ...ranges(lab, service), ...reservations(lab, service)]
}

function servers(lab: Lab, service: DnsmasqService): readonly Finding[] {
  return Object.keys(service.servers).flatMap((name) => {
    const host = lab.hosts[name]
    const at = servicePlace('dnsmasq', 'servers', name)
    if (host === undefined) return [unknownHost(Object.keys(lab.hosts), name, at)]
    if (ipsOf(host, service.network).length > 0) return []
    const message = `${name} serves "${service.network}" and has no address in it`
    return [
      mistakenKey(
        'server-without-address',
        hostPlace(host, 'addresses'),
        message,
        `give ${name} an address in "${service.network}"`,
      ),
    ]
  })
}

function upstream(service: DnsmasqService): readonly Finding[] {
  return service.upstream.flatMap((ip, index) =>
    isAddress(ip)
      ? []
      : [
          mistake(
            'not-an-address',
            servicePlace('dnsmasq', 'upstream', index),
            `"${ip}" is no IP address`,
            'name the resolver by its address, e.g. 192.0.2.53',
          ),
        ],
  )
}

interface Range {
  readonly text: string
  readonly at: Finding['at']
}

function ranges(lab: Lab, service: DnsmasqService): readonly Finding[] {
  const all = Object.entries(service.servers).flatMap(([server, { ranges: mine = [] }]) =>
    mine.map((text, index): Range => ({ text, at: servicePlace('dnsmasq', 'servers', server, 'ranges', index) })),
  )
  const whole = all.filter(({ text }) => isRange(lab, service, text))
  return [
    ...all
      .filter((range) => !whole.includes(range))
      .map(({ text, at }) => {
        const subnets = lab.networks[service.network]?.subnets.filter((subnet) => !subnet.includes(':')) ?? []
        const message = `"${text}" is no range of IPv4 addresses inside network "${service.network}" (${subnets.join(', ')})`
        return mistake('range-outside-network', at, message, 'write FIRST-LAST, both inside the network')
      }),
    ...whole.flatMap(({ text, at }, index) => {
      const other = whole.slice(0, index).find((one) => overlap(one.text, text))
      if (other === undefined) return []
      return [
        mistake(
          'ranges-overlap',
          at,
          `${text} overlaps ${other.text}; servers do not know each other's leases`,
          'give each server a range of its own',
        ),
      ]
    }),
    ...whole.flatMap(({ text, at }) => {
      const [first, ...more] = taken(lab, service).filter(({ ip }) => inRange(ip, text))
      if (first === undefined) return []
      const others = more.length === 0 ? '' : `, and ${more.map(({ ip }) => ip).join(', ')}, which are taken, too`
      const message = `${text} holds ${first.ip}, which is ${first.by}${others}`
      return [mistake('range-holds-static-address', at, message, 'choose a range in which no address is taken')]
    }),
  ]
}

function isRange(lab: Lab, service: DnsmasqService, text: string): boolean {
  const [first, last] = rangeOf(text)
  if (!isAddress(first) || !isAddress(last) || text.includes(':')) return false
  const subnets = lab.networks[service.network]?.subnets ?? []
  const subnet = subnetOf(first, subnets)
  return subnet !== null && subnetOf(last, subnets) === subnet && addressNumber(first) <= addressNumber(last)
}

function overlap(a: string, b: string): boolean {
  return inRange(rangeOf(a)[0], b) || inRange(rangeOf(b)[0], a)
}

/** Addresses of the network that are somebody's already, in their order. */
function taken(lab: Lab, service: DnsmasqService): readonly { readonly ip: string; readonly by: string }[] {
  const all = [
    ...Object.values(lab.hosts).flatMap((host) =>
      ipsOf(host, service.network).map((ip) => ({ ip, by: `the address of ${host.name}` })),
    ),
    ...(lab.networks[service.network]?.router ?? []).map((ip) => ({ ip, by: 'the address of the virtual router' })),
    ...Object.entries(lab.networks[service.network]?.virtual ?? {}).flatMap(([name, ips]) =>
      ips.map((ip) => ({ ip, by: `the virtual address "${name}"` })),
    ),
    ...(lab.networks[service.network]?.subnets ?? []).flatMap((subnet) =>
      edgesOf(subnet).map((ip) => ({ ip, by: `the first or last address of ${subnet}, which no host can have` })),
    ),
  ]
  return all.toSorted((a, b) => Number(addressNumber(a.ip) - addressNumber(b.ip)))
}

function reservations(lab: Lab, service: DnsmasqService): readonly Finding[] {
  const all = Object.entries(service.reservations ?? {})
  return all.flatMap(([name, { mac, address }], index) => {
    const at = (...path: readonly string[]) => servicePlace('dnsmasq', 'reservations', name, ...path)
    const before = all.slice(0, index)
    const found: Finding[] = []
    const subnets = lab.networks[service.network]?.subnets ?? []
    if (!isAddress(address) || address.includes(':') || subnetOf(address, subnets) === null) {
      found.push(
        mistake(
          'address-outside-network',
          at('address'),
          `${address} is not in network "${service.network}" (${subnets.join(', ')})`,
          'take a free address of the network',
        ),
      )
    }
    const same = before.find(([, one]) => one.address === address)
    const owner = taken(lab, service).find((one) => one.ip === address && lab.hosts[name] === undefined)
    const holder = same === undefined ? owner?.by : `reserved for ${same[0]}`
    if (holder !== undefined)
      found.push(
        mistake(
          'address-taken',
          at('address'),
          `${address} is already ${holder}`,
          'take a free address of the network',
        ),
      )
    const twin = before.find(([, one]) => one.mac.toLowerCase() === mac.toLowerCase())
    if (twin !== undefined)
      found.push(
        mistake('mac-taken', at('mac'), `${mac} is the address of ${twin[0]} already`, 'look it up in the guest'),
      )
    if ((Number.parseInt(mac.slice(0, 2), 16) & 1) === 1) {
      found.push(
        mistake(
          'mac-is-multicast',
          at('mac'),
          `${mac} is a multicast address: no interface has it`,
          'take one whose first byte is even, e.g. bc:24:11:…',
        ),
      )
    }
    const host = lab.hosts[name]
    if (host !== undefined && !ipsOf(host, service.network).includes(address)) {
      found.push(
        mistakenKey(
          'name-taken',
          at(),
          `${name} is a host of this lab, with another address in "${service.network}"`,
          'take another name, or the host’s own address',
        ),
      )
    }
    return found
  })
}
