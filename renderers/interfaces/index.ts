/** /etc/network/interfaces of the nodes, for ifupdown2. */
import { addressThere } from '../address-there.ts'
import {
  hostPlace,
  netId,
  networkPlace,
  serviceOf,
  hostsOf,
  type Group,
  type Lab,
  type Part,
  type PerHost,
  type Place,
  type Renderer,
} from '../renderer.ts'
import { template } from '../template.ts'
import file from './interfaces.njk'
import { problems } from './problems.ts'
import schema from './schema.json' with { type: 'json' }
import { linkOf, type Link } from './link.ts'

export type InterfacesSettings = {
  readonly links: readonly Link[]
  /** Networks whose foot on this host is one of the links. */
  readonly networks: readonly string[]
}

export const interfaces: Renderer<InterfacesSettings> = {
  service: 'interfaces',
  version: 1,
  schema,
  problems,
  settings,
  parts,
  groups,
  transition: () => ({ kind: 'rolling' }),
}

function settings(lab: Lab): PerHost<InterfacesSettings> {
  const service = serviceOf<{ hosts: readonly string[] }>(lab, 'interfaces')
  if (service === null) return {}
  const nodes = hostsOf(lab, service.hosts).filter((host) => host.kind === 'node')
  return Object.fromEntries(
    nodes.map((host) => {
      const links = Object.values(host.addresses).flatMap((attachment) => linkOf(lab, host.name, attachment))
      const networks = links.filter((link) => link.physical).map((link) => link.network)
      return [host.name, { links, networks }]
    }),
  )
}

function parts(host: string, { links }: InterfacesSettings): readonly Part[] {
  return [
    {
      id: 'interfaces',
      layer: 7,
      reach: 'host',
      files: [
        {
          path: '/etc/network/interfaces',
          mode: '0644',
          owner: 'root:root',
          store: 'disk',
          text: template(file, { links: links.map(stanzas) }),
          from: places(host, links),
          onChange: { acts: [{ run: ['ifreload', '-a'] }], interrupts: [memberId(host)], maxSeconds: 5 },
        },
      ],
      // Without the file the next boot would have no network: there is nothing to stop, and nothing is taken down.
      onRemove: { acts: [], interrupts: [], maxSeconds: 0 },
      needs: { packages: { ifupdown2: '/usr/share/ifupdown2/ifupdown2' }, directories: ['/etc/network/interfaces.d'] },
      check: [
        {
          // pvenetcommit.service renames it over our file at the next boot.
          title: 'no network change is staged in the Proxmox web interface (/etc/network/interfaces.new)',
          run: ['test', '!', '-e', '/etc/network/interfaces.new'],
          exit: [0],
          withinSeconds: 0,
        },
        {
          title: 'ifupdown2 accepts /etc/network/interfaces',
          run: ['ifup', '-a', '-s', '-i', '/etc/network/interfaces'],
          exit: [0, 1],
          stderrNot: complaints,
          withinSeconds: 0,
        },
      ],
      probe: probes(links),
    },
  ]
}

function groups(all: PerHost<InterfacesSettings>): readonly Group[] {
  const members = Object.entries(all).map(([host, { links, networks }]) => ({
    id: memberId(host),
    host,
    votes: 1,
    needs: [],
    provides: [
      ...networks.map((network) => netId(network, host)),
      ...links.filter((link) => link.bridge !== null).map((link) => `bridge:${link.name}@${host}`),
    ],
    up: probes(links),
  }))
  if (members.length === 0) return []
  return [{ id: 'interfaces', kind: 'pool', minimum: members.length - 1, soakSeconds: 5, members, agree: [] }]
}

/**
 * Simulating, ifupdown2 3.0.0 warns of `bridge-ports none` and of a bridge's mtu, and then exits 1 for these alone; for real it takes both and
 * exits 0 (measured). So every other complaint counts, and its exit code does not; 89 is another ifupdown2 at work.
 */
const complaints = String.raw`^(?!.*(?:bridge-ports: invalid value "none"|bridge inherits mtu from its ports|brctl: missing)).*(?:error|warning|invalid)`

/** Lines of /etc/network/interfaces as the Proxmox web interface writes them: bridge attributes stand in the first stanza only. */
function stanzas(link: Link) {
  const options = [
    ...(link.bridge === null ? [] : bridgeLines(link.bridge)),
    ...(link.mtu === null ? [] : [`mtu ${link.mtu}`]),
  ]
  const families = ([4, 6] as const).map((family) => ({
    name: family === 4 ? 'inet' : 'inet6',
    lines: [
      ...link.addresses.filter((one) => one.family === family).map((one) => `address ${one.ip}/${one.prefix}`),
      ...link.gateways.filter((gateway) => gateway.includes(':') === (family === 6)).map((ip) => `gateway ${ip}`),
    ],
  }))
  const static_ = families.filter(({ lines }) => lines.length > 0).map((family) => ({ ...family, method: 'static' }))
  const shown = static_.length > 0 ? static_ : [{ name: 'inet', method: 'manual', lines: [] }]
  return {
    name: link.name,
    mtu: link.mtu,
    ports: link.bridge?.ports ?? [],
    families: shown.map((family, index) => ({ ...family, lines: [...family.lines, ...(index === 0 ? options : [])] })),
  }
}

function bridgeLines(bridge: NonNullable<Link['bridge']>): readonly string[] {
  return [
    `bridge-ports ${bridge.ports.join(' ') || 'none'}`,
    'bridge-stp off',
    'bridge-fd 0',
    `bridge-ports-condone-regex ${bridge.condone}`,
    ...(bridge.hardwareAddress === null ? [] : [`hwaddress ${bridge.hardwareAddress}`]),
  ]
}

function probes(links: readonly Link[]) {
  return links.flatMap((link) => link.addresses.map((address) => addressThere(address.ip, link.name, 10)))
}

function places(host: string, links: readonly Link[]): readonly Place[] {
  const node = { name: host, kind: 'node' as const }
  return [
    ...links.map((link) => hostPlace(node, 'addresses', link.network)),
    ...links.map((link) => networkPlace(link.network)),
  ]
}

function memberId(host: string): string {
  return `interfaces@${host}`
}
