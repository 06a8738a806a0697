/** Lays hand-written configuration on the nodes of the small lab and starts what it is for. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { EmbeddedLab } from '../../../scripts/lib/twin/embedded/lab.ts'
import { login, type TestClient } from './client.ts'
import { addressOf, interfacesOf, nodes } from './small-lab.ts'

/** Writes a file on a host, as if it had always been there. */
export function lay(lab: EmbeddedLab, host: string, path: string, text: string, mode = 0o644): void {
  const file = join(lab.folder(host), path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  chmodSync(file, mode)
}

/** Both VPNs, corosync, keepalived and dnsmasq on all hosts; everything enabled and running. The clients stay logged in. */
export async function configured(lab: EmbeddedLab): Promise<Readonly<Record<string, TestClient>>> {
  const clients: Record<string, TestClient> = {}
  for (const node of nodes) {
    const number = node.slice(-1)
    lay(lab, node, '/etc/network/interfaces', interfacesOf(node))
    layVpn(lab, node, 'cluster', [`ip addr replace 10.0.0.1${number}/24 dev "$INTERFACE"`])
    layVpn(lab, node, 'services', ['ip link set dev "$INTERFACE" master vmbr1'])
    lay(lab, node, '/etc/corosync/corosync.conf', corosyncConf(1))
    lay(lab, node, '/etc/keepalived/keepalived.conf', keepalivedConf(number, 260 - 20 * Number(number)))
    const client = await login(lab, addressOf(node))
    clients[node] = client
    const started = await client.exec(
      'ifreload -a && systemctl enable --now tinc@cluster tinc@services && systemctl enable corosync keepalived && systemctl start keepalived',
    )
    if (started.code !== 0) throw new Error(`${node}: ${started.stderr}`)
  }
  for (const client of Object.values(clients)) await client.exec('systemctl start corosync')
  return clients
}

function layVpn(lab: EmbeddedLab, node: string, vpn: string, up: readonly string[]): void {
  const folder = `/etc/tinc/${vpn}`
  const peers = nodes.filter((peer) => peer !== node).map((peer) => `ConnectTo = ${peer}\n`)
  lay(lab, node, `${folder}/tinc.conf`, `Name = ${node}\nMode = switch\n${peers.join('')}`)
  lay(lab, node, `${folder}/rsa_key.priv`, 'a stand-in\n', 0o600)
  lay(
    lab,
    node,
    `${folder}/tinc-up`,
    `#!/bin/sh\nip link set dev "$INTERFACE" mtu 1400\n${up.join('\n')}\nip link set dev "$INTERFACE" up\n`,
    0o755,
  )
  lay(lab, node, `${folder}/tinc-down`, '#!/bin/sh\nip link set dev "$INTERFACE" down\n', 0o755)
  for (const peer of nodes) lay(lab, node, `${folder}/hosts/${peer}`, `Address = ${addressOf(peer)}\nPort = 655\n`)
}

export function corosyncConf(version: number): string {
  const list = nodes.map((name) => {
    const id = name.slice(-1)
    return `  node {\n    name: ${name}\n    nodeid: ${id}\n    quorum_votes: 1\n    ring0_addr: 10.0.0.1${id}\n  }\n`
  })
  return `totem {\n  version: 2\n  cluster_name: small\n  config_version: ${version}\n}\nnodelist {\n${list.join('')}}\nquorum {\n  provider: corosync_votequorum\n}\n`
}

function keepalivedConf(number: string, priority: number): string {
  const lines = [
    'vrrp_instance services {',
    '  state BACKUP',
    '  interface vmbr1',
    '  virtual_router_id 10',
    `  priority ${priority}`,
    `  unicast_src_ip 10.0.1.1${number}`,
    '  virtual_ipaddress {',
    '    10.0.1.1/24',
    '  }',
    '}',
  ]
  return `${lines.join('\n')}\n`
}
