/** Nodes that come to the cluster and leave it. */
import { isDeepStrictEqual } from 'node:util'
import type { Refusal } from './refusal.ts'
import type { Cluster, ClusterNode } from './settings.ts'

/** Elsewhere the file alone decides who is a member; Proxmox VE has commands of its own for it, which also hand over keys. */
export function membership(old: Cluster, now: Cluster, isProxmox: boolean): Refusal | null {
  const missing = (from: Cluster, to: Cluster) =>
    from.nodes.filter(({ name }) => !to.nodes.some((node) => node.name === name))
  const [joined, left] = [missing(now, old), missing(old, now)]
  if (joined.length === 0 && left.length === 0) return null
  const names = (nodes: readonly ClusterNode[]) => nodes.map(({ name }) => name).join(', ')
  const why = [
    ...(joined.length > 0 ? [`${names(joined)} ${joined.length === 1 ? 'joins' : 'join'} the cluster`] : []),
    ...(left.length > 0 ? [`${names(left)} ${left.length === 1 ? 'leaves' : 'leave'} the cluster`] : []),
  ].join(' and ')
  if (!isDeepStrictEqual(old.numbers, now.numbers)) {
    const manual = 'Change the links in a commit of their own, run quorate deploy, and then the nodes.'
    return { why: `${why} while links come or go`, manual }
  }
  if (!isProxmox) return null
  const stays = old.nodes.filter(({ name }) => now.nodes.some((node) => node.name === name))
  if (left.length > 0) return { why, manual: leaving(left, stays, joined.length > 0), byHand: 'waits' }
  return { why, manual: joining(joined, stays, now), byHand: 'goes-on' }
}

/** pvecm(1): one node after the other. The new node's VPN is up by then. */
function joining(joined: readonly ClusterNode[], stays: readonly ClusterNode[], now: Cluster): string {
  const peer = stays[0]?.addresses[0] ?? ''
  const adds = joined.map(({ name, id, votes, addresses }) => {
    const links = addresses.map((address, index) => `--link${now.numbers[index]} ${address}`).join(' ')
    return `on ${name}, which holds no guests yet: pvecm add ${peer} --nodeid ${id} --votes ${votes} ${links}; on ${stays[0]?.name}: pvecm status, until it names ${name}`
  })
  return `When the rest is in place, ${adds.join('; ')}. Then run quorate deploy again: it sees that corosync has the node, and goes on.`
}

/** pvecm(1): a node that was removed must never come back with its old configuration. */
function leaving(left: readonly ClusterNode[], stays: readonly ClusterNode[], alsoJoins: boolean): string {
  const gone = left.map(
    ({ name }) =>
      `move all guests off ${name}, and shut it down for good; on ${stays[0]?.name}: pvecm delnode ${name}, and pvecm status until all others are there`,
  )
  const next = `quorate deploy ${left.map(({ name }) => `--without ${name}`).join(' ')}`
  const rest = alsoJoins ? ' Nodes that join come in a commit of their own, afterwards.' : ''
  return `One after the other: ${gone.join('; ')}. Then run ${next}: it sees that corosync has it no more, and goes on.${rest}`
}
