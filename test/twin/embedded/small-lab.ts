/** Three nodes and a guest, made by hand: embedded nodes are tested without any renderer. */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bundle, FileManifest, Rendering, Way } from '../../../scripts/lib/bundle/rendering.ts'
import { quiet, type Act } from '../../../renderers/renderer.ts'
import { startEmbeddedLab, type EmbeddedLab } from '../../../scripts/lib/twin/embedded/lab.ts'

const publicAddress: Record<string, string> = { pve1: '198.51.100.11', pve2: '203.0.113.12', pve3: '192.0.2.13' }

export const nodes = ['pve1', 'pve2', 'pve3'] as const

/** A node's public address. */
export function addressOf(node: string): string {
  return publicAddress[node] ?? ''
}

/** What a node's interfaces(5) holds. */
export function interfacesOf(node: string, address = publicAddress[node] ?? ''): string {
  const net = (publicAddress[node] ?? '').split('.').slice(0, 3).join('.')
  const last = (publicAddress[node] ?? '').slice(-1)
  return [
    'auto lo',
    'iface lo inet loopback',
    '',
    'iface eno1 inet manual',
    '',
    'auto vmbr0',
    'iface vmbr0 inet static',
    `  address ${address}/24`,
    `  gateway ${net}.1`,
    '  bridge-ports eno1',
    '',
    'auto vmbr1',
    'iface vmbr1 inet static',
    `  address 10.0.1.1${last}/24`,
    '  bridge-ports services',
    '  bridge-ports-condone-regex ^(services|tap.*|veth.*|fwpr.*|v.*)$',
    '  mtu 1400',
    '',
  ].join('\n')
}

const units = [
  'corosync.service',
  'keepalived.service',
  'dnsmasq.service',
  'tinc@cluster.service',
  'tinc@services.service',
]

function bundle(host: string, way: Way, texts: Readonly<Record<string, string>>): Bundle {
  const acts: readonly Act[] = [...units, 'nftables.service'].map((unit) => ({ unit, do: 'restart' }))
  const file = (path: string): FileManifest => ({
    path,
    mode: '0644',
    owner: 'root:root',
    store: 'disk',
    from: [],
    onChange: { ...quiet, acts },
    content: digest(texts[path] ?? ''),
    secrets: {},
    renderHash: digest(texts[path] ?? ''),
  })
  return {
    format: 1,
    lab: 'small',
    host,
    kind: way.via.length === 0 ? 'node' : 'guest',
    platform: 'proxmox',
    way,
    services: {},
    groups: [],
    parts: [
      {
        service: 'interfaces',
        id: 'interfaces',
        layer: 7,
        reach: 'host',
        files: Object.keys(texts).map(file),
        onRemove: quiet,
        needs: { packages: { corosync: '/usr/sbin/corosync' }, directories: ['/etc/keepalived'] },
        check: [],
        probe: [],
      },
    ],
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** pve1 to pve3 on three public networks, and the guest dns1 behind pve1 and pve2. */
export function smallRendering(): Rendering {
  const servers = Object.entries(publicAddress).map(([name, address]) =>
    bundle(
      name,
      { addresses: [address], port: 22, user: 'root', via: [] },
      { '/etc/network/interfaces': interfacesOf(name) },
    ),
  )
  const guest = bundle(
    'dns1',
    { addresses: ['10.0.1.53'], port: 22, user: 'root', via: ['pve1', 'pve2'] },
    { '/etc/dnsmasq.conf': '' },
  )
  return {
    format: 1,
    lab: 'small',
    hosts: Object.fromEntries([guest, ...servers].map((host) => [host.host, host])),
    contents: Object.fromEntries(
      Object.keys(publicAddress).map((name) => [digest(interfacesOf(name)), [interfacesOf(name)]]),
    ),
    secrets: {},
  }
}

/** Runs a test on a lab of its own and leaves nothing behind. */
export async function withLab(test: (lab: EmbeddedLab) => Promise<void>, pace = 50): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-embedded-'))
  const lab = await startEmbeddedLab({ rendering: smallRendering(), folder, pace })
  try {
    await test(lab)
  } finally {
    await lab.close()
    rmSync(folder, { recursive: true, force: true })
  }
}
