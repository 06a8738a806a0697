/** What becomes of a change, by the key of services/corosync.yaml: corosync takes it while it runs, or a person has to. */
import type { PerHost } from '../renderer.ts'
import { deviceChange } from './device-change.ts'
import { linkChange } from './link-change.ts'
import type { Refusal } from './refusal.ts'
import type { CorosyncService, CorosyncSettings } from './settings.ts'

/** Why corosync-cfgtool -R does not bring one host's old settings to the new ones; none where it does. */
export function keyChanges(
  old: CorosyncSettings,
  after: PerHost<CorosyncSettings>,
  isProxmox: boolean,
): readonly Refusal[] {
  const now = Object.values(after)[0]
  if (now === undefined) return []
  return [...Object.values(keys), nodeIds].flatMap((judge) => judge({ old, now, after, isProxmox }) ?? [])
}

interface Both {
  readonly old: CorosyncSettings
  /** Of any host: the cluster is the same on all. */
  readonly now: CorosyncSettings
  readonly after: PerHost<CorosyncSettings>
  readonly isProxmox: boolean
}

type Judge = (both: Both) => Refusal | null

/** Timers are read anew by a running corosync (corosync 3.1.7, exec/cfg.c and totemconfig.c). */
const byReload: Judge = () => null

/** Every key of services/corosync.yaml; a test holds them against the schema. What a reload leaves at its old value without a word needs a full stop. */
export const keys: Readonly<Record<keyof Required<CorosyncService>, Judge>> = {
  cluster: ({ old, now, isProxmox }) =>
    old.cluster.name === now.cluster.name
      ? null
      : {
          why: `the cluster's name changes from "${old.cluster.name}" to "${now.cluster.name}"; a running corosync keeps the old one`,
          manual: fullStop(isProxmox),
        },
  crypto: ({ old, now, isProxmox }) =>
    old.cluster.crypto === now.cluster.crypto
      ? null
      : {
          why: 'encryption is switched; members with and without it do not hear each other',
          manual: fullStop(isProxmox),
        },
  twoNode: ({ old, now, isProxmox }) =>
    old.cluster.twoNode === now.cluster.twoNode
      ? null
      : { why: 'two_node changes, and with it what counts as a quorum', manual: byHand(isProxmox) },
  device: ({ old, now, isProxmox }) => deviceChange(old.cluster, now.cluster, isProxmox),
  links: ({ old, after }) => linkChange(old, after),
  votes: ({ old, now, isProxmox }) => {
    const names = nodesWhere(old, now, (node, was) => node.votes !== was.votes)
    return names.length === 0
      ? null
      : {
          why: `the votes of ${names.join(', ')} change, and with them what counts as a quorum`,
          manual: byHand(isProxmox),
        }
  },
  token: byReload,
  consensus: byReload,
  retransmits: byReload,
}

/** The id is the node's, not a key of its own: nodes/<node>.yaml has it. */
const nodeIds: Judge = ({ old, now, isProxmox }) => {
  const names = nodesWhere(old, now, (node, was) => node.id !== was.id || node.name !== was.name)
  return names.length === 0
    ? null
    : {
        why: `the id or the name of ${names.join(', ')} changes; a running corosync keeps its own`,
        manual: fullStop(isProxmox),
      }
}

type Node = CorosyncSettings['cluster']['nodes'][number]

/** Nodes of the new side that are, by name or id, others on the old one. */
function nodesWhere(
  old: CorosyncSettings,
  now: CorosyncSettings,
  differs: (node: Node, was: Node) => boolean,
): readonly string[] {
  const same = (node: Node, was: Node) => was.name === node.name || was.id === node.id
  return now.cluster.nodes
    .filter((node) => old.cluster.nodes.some((was) => same(node, was) && differs(node, was)))
    .map(({ name }) => name)
}

const edit =
  'copy corosync.conf to corosync.conf.new, edit the copy, raise config_version by one, look at it twice, then mv corosync.conf.new corosync.conf'
const haOff =
  'Disarm HA (ha-manager crm-command disarm-ha freeze, or take all resources out of HA and wait ten minutes).'
const restart =
  'systemctl stop corosync on all nodes, then systemctl start corosync on all: the cluster is without quorum meanwhile.'

/** What corosync reads only when it starts, and what members have to agree on to hear each other. */
function fullStop(isProxmox: boolean): string {
  return isProxmox
    ? `${haOff} On one node while the cluster is quorate: in /etc/pve, ${edit}. When /etc/corosync/corosync.conf is the same on all nodes: ${restart} When all members are there, arm HA again and run: quorate deploy --adopt.`
    : `On every node: in /etc/corosync, ${edit}. When all have the same file: ${restart} Then run: quorate deploy --adopt.`
}

function byHand(isProxmox: boolean): string {
  return isProxmox
    ? `${haOff} On one node while the cluster is quorate: in /etc/pve, ${edit}. Watch corosync-quorumtool -s on all nodes until all members are there, then arm HA again and run: quorate deploy --adopt.`
    : `On every node: in /etc/corosync, ${edit}. When all have the same file, corosync-cfgtool -R on one. Watch corosync-quorumtool -s on all nodes until all members are there, then run: quorate deploy --adopt.`
}
