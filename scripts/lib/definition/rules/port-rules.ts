/** The physical ports of the nodes. */
import { hostPlace, networkPlace } from '../../../../renderers/lab.ts'
import type { Finding } from '../../../../renderers/renderer.ts'
import { mistake, mistakenKey } from '../../../../renderers/mistake.ts'
import type { Draft } from '../draft.ts'

/** A node names its port, and its line, in a physical network, in no other, and no port twice. */
export function portsFit(draft: Draft): readonly Finding[] {
  const nodes = Object.values(draft.lab.hosts).filter(({ kind }) => kind === 'node')
  return nodes.flatMap((node) => {
    const owners = new Map(takenNames(draft))
    return Object.values(node.addresses).flatMap(({ network, port, line }) => {
      const place = hostPlace(node, 'addresses', network)
      const at = hostPlace(node, 'addresses', network, 'port')
      if (draft.lab.networks[network]!.carrier !== 'physical') {
        const message = `"${network}" is no physical network: it has an interface of its own on every node`
        const without = `"${network}" is no physical network: its packets go over the lines of those that carry it`
        const lineAt = hostPlace(node, 'addresses', network, 'line')
        return [
          ...(port === null ? [] : [mistakenKey('port-not-physical', at, message, 'remove "port:"')]),
          ...(line === null ? [] : [mistakenKey('line-not-physical', lineAt, without, 'remove "line:"')]),
        ]
      }
      if (port === null) {
        const message = `"${network}" is a physical network, and "${node.name}" does not say on which port it is`
        return [mistakenKey('port-missing', place, message, 'add "port:", for example { port: eno1, address: … }')]
      }
      const owner = owners.get(port)
      owners.set(port, owner ?? `the port of network "${network}"`)
      if (owner === undefined) return []
      return [
        mistake(
          'port-taken',
          at,
          `"${port}" is already ${owner} on "${node.name}"`,
          'name the port that the cable is in',
        ),
      ]
    })
  })
}

/** Names that the lab itself makes on every node. */
function takenNames(draft: Draft): readonly (readonly [string, string])[] {
  return Object.values(draft.lab.networks).flatMap(({ name, carrier, interface: own, bridge }) => [
    ...(own === null || carrier === 'physical'
      ? []
      : [[own, `the interface of network "${name}" (${networkPlace(name).file})`] as const]),
    ...(bridge === null ? [] : [[bridge, `the bridge of network "${name}" (${networkPlace(name).file})`] as const]),
  ])
}
