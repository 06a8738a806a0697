import { isDeepStrictEqual } from 'node:util'
import { quiet, type PerHost, type Transition } from '../renderer.ts'
import { keyChange } from './key-change.ts'
import type { Refusal } from './refusal.ts'
import type { Cluster, CorosyncSettings } from './settings.ts'

/** Rolling for the first deployment and for what corosync-cfgtool -R can change; everything else is for a person. */
export function transition(before: PerHost<CorosyncSettings>, after: PerHost<CorosyncSettings>): Transition {
  const old = Object.values(before)[0]
  const now = Object.values(after)[0]
  if (now === undefined)
    return old === undefined ? { kind: 'rolling' } : refuse({ why: 'corosync leaves the lab', manual: dissolve })
  if (old === undefined) return first(after)
  const apart = Object.keys(after).find((host) => !isDeepStrictEqual(after[host]?.cluster, now.cluster))
  if (apart !== undefined) {
    const why = `${apart} would keep another corosync.conf than the others`
    return refuse({ why, manual: 'Change all nodes in one run, without --only.' })
  }
  const isProxmox = Object.values({ ...before, ...after }).some(({ platform }) => platform === 'proxmox')
  // Some hosts may have the new one already: an earlier run did not get through.
  for (const each of Object.values(before)) {
    const refusal = keyChange(each, after, isProxmox) ?? membership(each.cluster, now.cluster, isProxmox)
    if (refusal !== null) return refuse(refusal)
  }
  return { kind: 'rolling' }
}

/** No corosync runs yet: the file alone tells nobody; the unit's own part starts it host by host. */
function first(after: PerHost<CorosyncSettings>): Transition {
  return {
    kind: 'rolling',
    effects: Object.fromEntries(Object.keys(after).map((host) => [host, { corosync: quiet }])),
  }
}

/** Elsewhere the file alone decides who is a member; Proxmox VE has commands of its own for it, which also hand over keys. */
function membership(old: Cluster, now: Cluster, isProxmox: boolean): Refusal | null {
  const missing = (from: Cluster, to: Cluster) =>
    from.nodes.map(({ name }) => name).filter((name) => !to.nodes.some((node) => node.name === name))
  const [joined, left] = [missing(now, old), missing(old, now)]
  if (joined.length === 0 && left.length === 0) return null
  const why = joined.length > 0 ? `${joined.join(', ')} joins the cluster` : `${left.join(', ')} leaves the cluster`
  if (isProxmox) return { why, manual: byPvecm }
  if (isDeepStrictEqual(old.numbers, now.numbers)) return null
  return {
    why: `${why} while links come or go`,
    manual: 'Change the links in a commit of their own, run quorate deploy, and then the nodes.',
  }
}

const byPvecm =
  'Disarm HA (ha-manager crm-command disarm-ha freeze, or take all resources out of HA and wait ten minutes). Nodes are added and removed by pvecm add and pvecm delnode, which hand over keys as well. Watch corosync-quorumtool -s and corosync-cfgtool -s on all nodes until all members and links are there, then arm HA again and run: quorate deploy --adopt.'
const dissolve =
  'Decide what becomes of what needs the quorum first. Then, on each node: systemctl disable --now corosync; and release the host: quorate release HOST.'

function refuse({ why, manual }: Refusal): Transition {
  return { kind: 'refuse', why, manual }
}
