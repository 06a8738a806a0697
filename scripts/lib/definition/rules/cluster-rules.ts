/** The lab as something that can be reached. */
import { hostPlace, labFile } from '../../../../renderers/lab.ts'
import type { Finding } from '../../../../renderers/renderer.ts'
import { mistake } from '../../../../renderers/mistake.ts'
import { isNetwork, listed, type Draft } from '../draft.ts'
import { remedyForName } from '../../../../renderers/nearest.ts'
import { shown } from '../shown.ts'

/**
 * Hosts are managed over a network that the lab does not carry itself: over a VPN of its own, a mistake in that VPN would cut the way
 * on which it is mended.
 */
export function managementIsApart(draft: Draft): readonly Finding[] {
  const { lab, unsure } = draft
  const name = lab.management.network
  // Without a network in it, lab.yaml has a mistake that is named already.
  if (name === '') return []
  const at = { file: labFile, path: ['management', 'network'] }
  const physical = Object.values(lab.networks).filter(({ carrier }) => carrier === 'physical')
  if (!isNetwork(draft, name)) {
    const help = remedyForName(
      name,
      physical.map((network) => network.name),
      'physical network in networks.yaml',
    )
    return [mistake('unknown-network', at, `there is no network ${shown(name)}`, help)]
  }
  const network = Object.hasOwn(lab.networks, name) ? lab.networks[name] : undefined
  if (network === undefined || unsure.networks === null) return []
  if (network.carrier !== 'physical') {
    const message = `the hosts are to be managed over "${name}", which ${network.carrier} carries: a mistake in it would lock everybody out`
    const help = `name a physical network${physical.length > 0 ? `: ${listed(physical.map((other) => other.name))}` : ''}`
    return [mistake('management-on-carried-network', at, message, help)]
  }
  return Object.values(lab.hosts)
    .filter((host) => host.kind === 'node' && !Object.hasOwn(host.addresses, name))
    .map((node) => {
      const message = `"${node.name}" has no address in "${name}", the network over which hosts are managed`
      return {
        ...mistake('node-unreachable', hostPlace(node, 'addresses'), message, `add "${name}:" with its address`),
        onKey: true,
      }
    })
}

/** A lab without nodes has nowhere to run. */
export function nodesExist({ lab, unsure }: Draft): readonly Finding[] {
  // Of which kind an unsure host is does not matter here: it may be a node.
  if (unsure.hosts.size > 0 || Object.values(lab.hosts).some(({ kind }) => kind === 'node')) return []
  const at = { file: labFile, path: [] }
  return [mistake('no-nodes', at, 'the lab has no nodes', 'write one file per server: nodes/<name>.yaml')]
}
