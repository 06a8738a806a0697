/** Default routes: next hops that can be reached, one per family. */
import type { Finding } from '../../../../renderers/renderer.ts'
import { isIn, subnetOf } from '../address.ts'
import { mistake } from '../../../../renderers/mistake.ts'
import type { Draft, PlacedGateway } from '../draft.ts'

/** RFC 4291: there on every link, whatever its subnets; providers name fe80::1 as the router of rented servers. */
const linkLocal = 'fe80::/10'

/** A next hop outside of the host's own subnets cannot be reached; a second default route makes the way out a matter of luck. */
export function gatewaysFit(draft: Draft): readonly Finding[] {
  const first = new Map<string, PlacedGateway>()
  return draft.gateways.flatMap((gateway) => {
    const { host, ip, family, at } = gateway
    const own = draft.lab.hosts[host]!.addresses[gateway.network]!.addresses
    const findings: Finding[] = []
    const subnets = own.filter((address) => address.family === family).map(subnetOf)
    if (own.some((address) => address.ip === ip)) {
      const help = 'name the router that leads out of the subnet'
      findings.push(mistake('gateway-is-self', at, `${ip} is the host's own address; it cannot be its gateway`, help))
    } else if (!subnets.some((subnet) => isIn(ip, subnet) || isIn(ip, linkLocal))) {
      const message = `the gateway ${ip} is in none of the host's subnets here (${subnets.join(', ') || `no IPv${family} address`})`
      const help = 'correct the gateway, or the prefix of the address'
      findings.push(mistake('gateway-outside-subnet', at, message, help))
    }
    const earlier = first.get(`${host} ${family}`)
    if (earlier === undefined) first.set(`${host} ${family}`, gateway)
    else {
      const message = `${ip} is a second default gateway for IPv${family} on "${host}", beside ${earlier.ip} in "${earlier.network}"`
      findings.push(mistake('two-default-gateways', at, message, 'keep one of them'))
    }
    return findings
  })
}
