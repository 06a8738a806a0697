/** tinc 1.0 VPNs in switch mode: one part, one unit and one group per VPN. */
import { hostPlace, networkPlace, servicePlace, type Part, type Renderer } from '../renderer.ts'
import { addressThere } from '../address-there.ts'
import { unitActive } from '../unit-active.ts'
import { unitGone } from '../unit-gone.ts'
import { restart } from './effects.ts'
import { filesOf } from './files.ts'
import { groups, portOf } from './groups.ts'
import { problems } from './problems.ts'
import schema from './schema.json' with { type: 'json' }
import { settings, type TincSettings, type Vpn } from './settings.ts'
import { transition } from './transition.ts'

export const tinc: Renderer<TincSettings> = {
  service: 'tinc',
  version: 1,
  schema,
  problems,
  settings,
  parts: (host, { vpns }) => Object.values(vpns).map((vpn) => part(host, vpn)),
  groups,
  transition,
}

function part(host: string, vpn: Vpn): Part {
  const unit = `tinc@${vpn.network}.service`
  const from = [
    servicePlace('tinc', 'networks', vpn.network),
    networkPlace(vpn.network),
    hostPlace({ name: host, kind: 'node' }, 'addresses', vpn.network),
    hostPlace({ name: host, kind: 'node' }, 'addresses', vpn.over),
  ]
  return {
    id: `tinc.${vpn.network}`,
    layer: 4,
    reach: 'host',
    files: filesOf(host, vpn, from),
    onRemove: {
      ...restart(host, vpn),
      acts: unitGone(unit),
    },
    needs: { packages: { tinc: '/usr/sbin/tincd', 'iputils-ping': '/usr/bin/ping' }, directories: ['/etc/tinc'] },
    // tinc 1.0 cannot check its files without joining the VPN under its own name, and two of one name cause an edge storm.
    check: [],
    probe: [
      unitActive(unit, 10),
      ...(vpn.bridge === null
        ? vpn.self.addresses.map((address) => addressThere(address.ip, vpn.interface, 10))
        : [portOf(vpn.interface, vpn.bridge)]),
    ],
  }
}
