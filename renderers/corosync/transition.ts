import { isDeepStrictEqual } from 'node:util'
import { quiet, type PerHost, type Transition } from '../renderer.ts'
import type { Cluster, CorosyncSettings } from './settings.ts'

/** Rolling for the first deployment and for what corosync-cfgtool -R can change; everything else is for a person. */
export function transition(before: PerHost<CorosyncSettings>, after: PerHost<CorosyncSettings>): Transition {
  const old = Object.values(before)[0]
  const now = Object.values(after)[0]
  if (now === undefined) return old === undefined ? { kind: 'rolling' } : refuse('corosync leaves the lab', dissolve)
  if (old === undefined) return first(after)
  const apart = Object.keys(after).find((host) => !isDeepStrictEqual(after[host]?.cluster, now.cluster))
  if (apart !== undefined) {
    return refuse(
      `${apart} would keep another corosync.conf than the others`,
      'Change all nodes in one run, without --only.',
    )
  }
  const all = Object.values({ ...before, ...after })
  const isProxmox = all.some(({ platform }) => platform === 'proxmox')
  // Some hosts may have the new one already: an earlier run did not get through.
  const fixed = Object.values(before).map(
    ({ cluster }) => unchangeable(cluster, now.cluster) ?? (isProxmox ? membership(cluster, now.cluster) : null),
  )
  const why = fixed.find((each) => each !== null)
  return why === undefined || why === null ? { kind: 'rolling' } : refuse(why, isProxmox ? onProxmox : byRestart)
}

/** No corosync runs yet: the file alone tells nobody; the unit's own part starts it host by host. */
function first(after: PerHost<CorosyncSettings>): Transition {
  return {
    kind: 'rolling',
    effects: Object.fromEntries(Object.keys(after).map((host) => [host, { corosync: quiet }])),
  }
}

/** What corosync-cfgtool -R keeps at its old value without a word (corosync 3.1.7, exec/cfg.c), or what would cost links or votes at once. */
function unchangeable(old: Cluster, now: Cluster): string | null {
  if (old.name !== now.name)
    return `the cluster's name changes from "${old.name}" to "${now.name}"; a running corosync keeps the old one`
  if (old.crypto !== now.crypto) return 'encryption is switched; members with and without it do not hear each other'
  if (old.twoNode !== now.twoNode) return 'two_node changes, and with it what counts as a quorum'
  if (old.priorities.length !== now.priorities.length)
    return `the number of links changes from ${old.priorities.length} to ${now.priorities.length}`
  const moved = now.nodes.filter((node) =>
    old.nodes.some((was) => (was.name === node.name || was.id === node.id) && !isDeepStrictEqual(was, node)),
  )
  if (moved.length === 0) return null
  return `the id, the votes or the link addresses of ${moved.map(({ name }) => name).join(', ')} change`
}

/** Elsewhere the file alone decides who is a member; Proxmox VE has commands of its own for it, which also hand over keys. */
function membership(old: Cluster, now: Cluster): string | null {
  const missing = (from: Cluster, to: Cluster) =>
    from.nodes.map(({ name }) => name).filter((name) => !to.nodes.some((node) => node.name === name))
  const [joined, left] = [missing(now, old), missing(old, now)]
  if (joined.length > 0) return `${joined.join(', ')} joins the cluster`
  return left.length > 0 ? `${left.join(', ')} leaves the cluster` : null
}

const edit =
  'copy corosync.conf to corosync.conf.new, edit the copy, raise config_version by one, look at it twice, then mv corosync.conf.new corosync.conf'
const onProxmox = `Disarm HA (ha-manager crm-command disarm-ha freeze, or take all resources out of HA and wait ten minutes). Nodes are added and removed by pvecm add and pvecm delnode. Anything else, on one node while the cluster is quorate: in /etc/pve, ${edit}; one link's address per change. Watch corosync-quorumtool -s and corosync-cfgtool -s on all nodes until all members and links are there, then arm HA again and run: quorate deploy --adopt.`
const byRestart = `On every node: in /etc/corosync, ${edit}. For addresses, votes and nodes: when all have the same file, corosync-cfgtool -R on one; one link's address per change. For the cluster's name or encryption: systemctl stop corosync on all nodes, then systemctl start corosync on all: the cluster is without quorum meanwhile. Then run: quorate deploy --adopt.`
const dissolve =
  'Decide what becomes of what needs the quorum first. Then, on each node: systemctl disable --now corosync; and release the host: quorate release HOST.'

function refuse(why: string, manual: string): Transition {
  return { kind: 'refuse', why, manual }
}
