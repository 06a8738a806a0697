/** pmxcfs's care for corosync.conf: what is in /etc/pve reaches every node's /etc/corosync, never an older version over a newer one. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { StartedNode } from './node.ts'

export interface Pmxcfs {
  /** Looks whether the shared file changed. */
  look(): void
}

/**
 * Follows the shared file for the Proxmox nodes among `hosts` (they have a link etc/pve). A node that gets the file for the first time
 * joins the cluster, as by `pvecm add`: its corosync is started; after that the daemons are told to read it again.
 */
export function followPmxcfs(shared: string, hosts: () => readonly StartedNode[]): Pmxcfs {
  const source = join(shared, 'pve/corosync.conf')
  return {
    look() {
      if (!existsSync(source)) return
      const text = readFileSync(source, 'utf8')
      const nodes = hosts().filter(({ node }) => existsSync(join(node.folder, 'etc/pve')))
      const results = nodes.map((host) => ({ host, result: copy(text, join(host.node.folder, 'etc/corosync')) }))
      for (const { host, result } of results) {
        if (result === 'first') void host.run(['systemctl', 'enable', '--now', 'corosync.service'])
      }
      const writer = results.find(({ result }) => result === 'changed')
      if (writer) void writer.host.run(['corosync-cfgtool', '-R'])
    },
  }
}

/** As pmxcfs's dcdb.c: only if the bytes differ and config_version is not lower than the local one. */
function copy(text: string, folder: string): 'first' | 'changed' | 'same' {
  const file = join(folder, 'corosync.conf')
  const local = existsSync(file) ? readFileSync(file, 'utf8') : null
  if (local === text || (local !== null && version(text) < version(local))) return 'same'
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${file}.new`, text, { mode: 0o644 })
  renameSync(`${file}.new`, file)
  return local === null ? 'first' : 'changed'
}

function version(text: string): number {
  return Number(/^\s*config_version:\s*(\d+)\s*$/m.exec(text)?.[1] ?? 0)
}
