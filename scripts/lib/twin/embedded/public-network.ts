/** The network that a rented server was delivered with: nobody can move it, and a host that leaves it cannot be reached any more. */
import type { Text } from '../../../../renderers/renderer.ts'
import type { Bundle, Rendering } from '../../bundle/rendering.ts'

export interface PublicNetwork {
  /** Addresses are with their prefix, "198.51.100.11/24". */
  readonly addresses: readonly { readonly device: string; readonly address: string }[]
  readonly gateways: readonly string[]
  /** The ports that have a cable; other ports have no link. */
  readonly ports: readonly string[]
}

interface Stanza {
  readonly device: string
  readonly lines: readonly (readonly [key: string, value: string])[]
}

/**
 * The addresses by which a host is managed, and the gateways beside them, from its rendered /etc/network/interfaces (interfaces(5));
 * where it has none, its management addresses on eth0.
 */
export function publicNetwork(bundle: Bundle, rendering: Rendering): PublicNetwork {
  const own = new Set(bundle.way.addresses)
  const isOwn = (address: string) => own.has(address.split('/')[0] ?? '')
  const stanzas = stanzasOf(interfacesOf(bundle, rendering)).filter(({ lines }) =>
    valuesOf(lines, 'address').some(isOwn),
  )
  if (stanzas.length === 0) return { addresses: bundle.way.addresses.map(asDelivered), gateways: [], ports: [] }
  return {
    addresses: stanzas.flatMap(({ device, lines }) =>
      valuesOf(lines, 'address')
        .filter(isOwn)
        .map((address) => ({ device, address })),
    ),
    gateways: stanzas.flatMap(({ lines }) => valuesOf(lines, 'gateway')),
    ports: stanzas.flatMap(({ lines }) => valuesOf(lines, 'bridge-ports')),
  }
}

function asDelivered(address: string): { device: string; address: string } {
  return { device: 'eth0', address: `${address}/${address.includes(':') ? 64 : 24}` }
}

function interfacesOf(bundle: Bundle, rendering: Rendering): string {
  const file = bundle.parts.flatMap((part) => part.files).find(({ path }) => path === '/etc/network/interfaces')
  const text: Text = file === undefined ? [] : (rendering.contents[file.content] ?? [])
  return text.filter((piece) => typeof piece === 'string').join('')
}

function stanzasOf(text: string): readonly Stanza[] {
  return text
    .split(/^(?=iface\s)/m)
    .filter((block) => block.startsWith('iface'))
    .map((block) => {
      const [head = '', ...lines] = block.split('\n')
      return { device: head.split(/\s+/)[1] ?? '', lines: lines.map(keyAndValue) }
    })
}

function keyAndValue(line: string): readonly [string, string] {
  const [key = '', value = ''] = line.trim().split(/\s+/)
  return [key, value]
}

function valuesOf(lines: Stanza['lines'], key: string): readonly string[] {
  return lines.filter(([name]) => name === key).map(([, value]) => value)
}
