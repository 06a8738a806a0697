/** What is on a host before anything was deployed: a bare Debian with the packages that the lab needs, and its own network. */
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Act } from '../../../../renderers/renderer.ts'
import type { Bundle, Rendering } from '../../bundle/rendering.ts'
import { publicNetwork } from './public-network.ts'

/** Below a host's folder: what the simulated programs know. It is kept over a reboot; what a reboot clears is cleared by the node. */
export const simFolder = 'run/sim'

const folders = [
  'etc/network',
  'etc/systemd/system',
  'lib/systemd/system',
  'proc/sys/kernel/random',
  'root',
  'tmp',
  'var/lib',
  'var/log',
]
const simFolders = ['units', 'ip', 'link', 'timers', 'firing', 'loaded']

/** Units of Debian itself, which are there without any package that the lab names. */
const ownUnits = ['networking.service', 'ssh.service', 'systemd-sysctl.service', 'multi-user.target']

/**
 * Fills a host's folder. `shared`: the folder of what the hosts share, in that of the whole lab. `routed`: addresses that the provider brings to
 * the host besides, and that are alive once it has them on its device.
 */
export function furnish(
  folder: string,
  bundle: Bundle,
  rendering: Rendering,
  shared: string,
  routed: readonly string[] = [],
): void {
  const sim = join(folder, simFolder)
  for (const name of folders) mkdirSync(join(folder, name), { recursive: true })
  for (const name of simFolders) mkdirSync(join(sim, name), { recursive: true })
  for (const { needs } of bundle.parts) {
    for (const name of needs.directories) mkdirSync(join(folder, name), { recursive: true })
    for (const path of [...Object.values(needs.packages), ...Object.keys(needs.byHand ?? {})])
      installed(join(folder, path))
  }
  for (const unit of unitsOf(bundle)) unitFile(folder, unit)
  if (bundle.platform === 'proxmox' && bundle.kind === 'node') sharePve(folder, shared)
  writeFileSync(join(sim, 'host'), `${bundle.host}\n`)
  writeFileSync(join(sim, 'lab'), `${dirname(shared)}\n`)
  writeFileSync(join(sim, 'kind'), `${bundle.kind}\n`)
  writeFileSync(join(sim, 'via'), bundle.way.via.map((node) => `${node}\n`).join(''))
  const { addresses, gateways, ports } = publicNetwork(bundle, rendering)
  writeFileSync(join(sim, 'public'), addresses.map(({ device, address }) => `${device} ${address}\n`).join(''))
  const more = routed.filter((address) => !bundle.way.addresses.includes(address))
  writeFileSync(join(sim, 'routed'), more.map((address) => `${address}\n`).join(''))
  if (more.length > 0) writeFileSync(join(sim, 'dead'), more.map((address) => `${address}\n`).join(''))
  writeFileSync(join(sim, 'cables'), ports.map((port) => `${port}\n`).join(''))
  writeFileSync(join(sim, 'gateways'), gateways.map((address) => `${address}\n`).join(''))
}

function installed(path: string): void {
  mkdirSync(dirname(path), { recursive: true })
  if (existsSync(path)) return
  writeFileSync(path, '#!/bin/sh\n# Stands for the program: the simulated one is found by PATH.\n')
  chmodSync(path, 0o755)
}

/** The units that anything in the bundle is told, without those whose file the bundle itself brings. */
function unitsOf(bundle: Bundle): readonly string[] {
  const effects = bundle.parts.flatMap((part) => [part.onRemove, ...part.files.map((file) => file.onChange)])
  const told = effects.flatMap(({ acts }) => acts).flatMap((act: Act) => ('unit' in act ? [act.unit] : []))
  const brought = new Set(bundle.parts.flatMap((part) => part.files.map((file) => file.path.split('/').at(-1))))
  return [...new Set([...ownUnits, ...told])].filter((unit) => !brought.has(unit)).toSorted()
}

/** tinc@cluster.service comes from tinc@.service. */
function unitFile(folder: string, unit: string): void {
  const file = unit.includes('@') ? unit.replace(/@[^.]*/, '@') : unit
  writeFileSync(join(folder, 'lib/systemd/system', file), `[Unit]\nDescription=${file}\n`)
}

/** pmxcfs: one tree, seen by every node. */
function sharePve(folder: string, shared: string): void {
  const tree = join(shared, 'pve')
  mkdirSync(tree, { recursive: true })
  if (!existsSync(join(folder, 'etc/pve'))) symlinkSync(tree, join(folder, 'etc/pve'))
}
