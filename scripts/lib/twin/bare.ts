/** What a rented or freshly made machine holds before quorate ever came to it: as its installer and its owner leave it. Pure. */
import type { KeyPair } from './embedded/server.ts'
import type { Cable, GuestWires, NodeWires } from './wiring.ts'

export interface BareFile {
  readonly path: string
  readonly mode: number
  readonly content: string | Buffer
}

export interface BareOptions {
  readonly hostKey: KeyPair
  /** Who may log in as root. */
  readonly clientKey: string
  /** Whether /etc/network/interfaces is read here; if not, systemd-networkd sets the addresses. */
  readonly ifupdown: boolean
  /** The key that an administrator gives to every member of the cluster; null where there is no cluster. */
  readonly authkey: Buffer | null
}

/** A node with its physical ports and nothing else: no VPN and no bridge for guests. */
export function bareNode({ name, cables }: NodeWires, options: BareOptions): readonly BareFile[] {
  const address = cables[0]?.addresses[0]?.ip ?? '127.0.1.1'
  const network = options.ifupdown
    ? [{ path: '/etc/network/interfaces', mode: 0o644, content: interfaces(cables) }]
    : cables.map((cable) => networkd(cable.port, cable))
  return [...common(name, address, options), ...network, ...(options.ifupdown ? [] : [networkdWanted])]
}

/** A guest as its node sets it up: addresses and default route. */
export function bareGuest({ name, ports }: GuestWires, options: BareOptions): readonly BareFile[] {
  const address = ports[0]?.addresses[0]?.ip ?? '127.0.1.1'
  return [...common(name, address, options), ...ports.map((port) => networkd(port.port, port)), networkdWanted]
}

/** What enabling the unit comes to. */
const networkdWanted: BareFile = {
  path: '/etc/systemd/system/multi-user.target.d/networkd.conf',
  mode: 0o644,
  content: '[Unit]\nWants=systemd-networkd.service\n',
}

function common(name: string, address: string, { hostKey, clientKey, authkey }: BareOptions): readonly BareFile[] {
  const cluster = authkey === null ? [] : [{ path: '/etc/corosync/authkey', mode: 0o400, content: authkey }]
  return [
    { path: '/etc/hostname', mode: 0o644, content: `${name}\n` },
    { path: '/etc/hosts', mode: 0o644, content: `127.0.0.1 localhost\n${address} ${name}\n` },
    { path: '/etc/ssh/ssh_host_ed25519_key', mode: 0o600, content: hostKey.privateKey },
    { path: '/etc/ssh/ssh_host_ed25519_key.pub', mode: 0o644, content: `${hostKey.publicKey}\n` },
    { path: '/root/.ssh/authorized_keys', mode: 0o600, content: `${clientKey}\n` },
    // Two thousand lines of a daemon's debugging are no use in a machine that lives for minutes, and memory is what they are kept in.
    {
      path: '/etc/systemd/journald.conf.d/twin.conf',
      mode: 0o644,
      content: '[Journal]\nStorage=volatile\nRuntimeMaxUse=16M\n',
    },
    ...cluster,
  ]
}

/** As the installer of Proxmox VE, or of Debian, writes it. */
function interfaces(cables: readonly Cable[]): string {
  const stanzas = cables.map(({ port, bridge, addresses, gateways }) => {
    const name = bridge ?? port
    const families = (['inet', 'inet6'] as const).flatMap((family) => {
      const own = addresses.filter((address) => (address.family === 6) === (family === 'inet6'))
      const next = gateways.filter((gateway) => gateway.includes(':') === (family === 'inet6'))
      if (own.length === 0) return []
      return [
        `iface ${name} ${family} static`,
        ...own.map(({ ip, prefix }) => `\taddress ${ip}/${prefix}`),
        ...next.map((ip) => `\tgateway ${ip}`),
        ...(bridge === null || family === 'inet6'
          ? []
          : [`\tbridge-ports ${port}`, '\tbridge-stp off', '\tbridge-fd 0']),
      ]
    })
    const manual = bridge === null ? [] : [`iface ${port} inet manual`, '']
    return [...manual, `auto ${name}`, ...families, ''].join('\n')
  })
  return `auto lo\niface lo inet loopback\n\n${stanzas.join('\n')}`
}

function networkd(port: string, { addresses, gateways, mtu }: Pick<Cable, 'addresses' | 'gateways' | 'mtu'>): BareFile {
  const lines = [
    ...addresses.map(({ ip, prefix }) => `Address=${ip}/${prefix}`),
    ...gateways.map((ip) => `Gateway=${ip}`),
    // A machine that lives for minutes needs no stranger's routes.
    'IPv6AcceptRA=no',
  ]
  const link = mtu === null ? '' : `[Link]\nMTUBytes=${mtu}\n`
  return {
    path: `/etc/systemd/network/10-${port}.network`,
    mode: 0o644,
    content: `[Match]\nName=${port}\n${link}[Network]\n${lines.join('\n')}\n`,
  }
}
