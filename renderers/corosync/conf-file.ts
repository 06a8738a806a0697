import { hostPlace, quiet, servicePlace, type Copy, type Effect, type File } from '../renderer.ts'
import { template } from '../template.ts'
import conf from './corosync.conf.njk'
import type { CorosyncSettings } from './settings.ts'

/**
 * corosync.conf in the shape that Proxmox VE gives it. There it is /etc/pve/corosync.conf, written once and by one node: pmxcfs copies it to
 * all and reloads by itself. Elsewhere every host has its own copy, and corosync ends itself when it reads another config_version than its peers:
 * so all have the new file before one of them tells all to reload.
 */
export function confFile({ cluster, platform }: CorosyncSettings): File {
  const proxmox = platform === 'proxmox'
  const links = cluster.numbers.map((number, index) => ({ number, priority: cluster.priorities[index] ?? null }))
  const timers = [
    { key: 'token', value: cluster.token },
    { key: 'consensus', value: cluster.consensus },
    { key: 'token_retransmits_before_loss_const', value: cluster.retransmits },
  ].filter(({ value }) => value !== null)
  const nodes = cluster.nodes.map(({ addresses, ...node }) => ({
    ...node,
    rings: addresses.map((address, index) => ({ number: cluster.numbers[index] ?? index, address })),
  }))
  return {
    path: proxmox ? '/etc/pve/corosync.conf' : '/etc/corosync/corosync.conf',
    mode: proxmox ? '0640' : '0644',
    owner: proxmox ? 'root:www-data' : 'root:root',
    store: proxmox ? 'pmxcfs' : 'disk',
    text: template(conf, { cluster, nodes, links, timers, version: { serial: 'corosync' } }),
    from: [
      servicePlace('corosync'),
      ...cluster.nodes.map((node) => hostPlace({ name: node.name, kind: 'node' }, 'addresses')),
    ],
    onChange: proxmox ? quiet : reload,
    ...(proxmox ? { copy } : {}),
  }
}

/** A reload would ask the other members too, and there may be none; a corosync that read what it cannot live with has ended itself. */
const copy: Copy = {
  path: '/etc/corosync/corosync.conf',
  mode: '0644',
  owner: 'root:root',
  acts: [{ unit: 'corosync.service', do: 'restart' }],
}

const reload: Effect = { acts: [{ run: ['corosync-cfgtool', '-R'] }], interrupts: [], maxSeconds: 0 }
