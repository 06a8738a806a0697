/** A small lab and a renderer with everything a bundle can hold, for the tests of this folder. */
import type { File, Host, Lab, Part, Renderer, Text } from '../../renderers/renderer.ts'

export function host(name: string, over: Partial<Host> = {}): Host {
  const addresses = {
    public: foot('public', `198.51.100.${name.length}`),
    inner: foot('inner', `10.0.0.${name.length}`),
  }
  return { name, kind: 'node', title: name, platform: 'debian', id: 1, tags: [], addresses, guest: null, ...over }
}

export function guest(name: string, node: string): Host {
  const addresses = { inner: foot('inner', '10.0.0.99') }
  return host(name, { kind: 'guest', id: null, addresses, guest: { type: 'lxc', vmid: 100, node } })
}

export function foot(network: string, ip: string): Host['addresses'][string] {
  return { network, addresses: [{ ip, prefix: 24, family: 4 }], gateways: [], port: null, line: null }
}

export function lab(hosts: readonly Host[], over: Partial<Lab> = {}): Lab {
  return {
    name: 'sample',
    domain: null,
    management: { user: 'root', port: 22, network: 'public' },
    networks: {},
    hosts: Object.fromEntries(hosts.map((one) => [one.name, one])),
    services: { toy: {} },
    files: {},
    ...over,
  }
}

export function file(path: string, text: Text = ['text\n'], over: Partial<File> = {}): File {
  const onChange = { acts: [], interrupts: [], maxSeconds: 0 }
  return { path, mode: '0644', owner: 'root:root', store: 'disk', text, from: [], onChange, ...over }
}

export function part(id: string, files: readonly File[], over: Partial<Part> = {}): Part {
  const onRemove = { acts: [{ unit: 'toy.service', do: 'stop' as const }], interrupts: [], maxSeconds: 1 }
  const needs = { packages: {}, directories: [] }
  return { id, layer: 1, reach: 'host', files, onRemove, needs, check: [], probe: [], ...over }
}

/** A renderer of the service "toy" that gives every host these parts. */
export function toy(parts: (host: string) => readonly Part[], over: Partial<Renderer> = {}): Renderer {
  return {
    service: 'toy',
    version: 1,
    schema: {},
    problems: () => [],
    settings: (given) => Object.fromEntries(Object.keys(given.hosts).map((name) => [name, { name }])),
    parts,
    groups: () => [],
    transition: () => ({ kind: 'rolling' }),
    ...over,
  }
}
