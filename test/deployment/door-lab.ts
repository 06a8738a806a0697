/** A lab whose deployments are about the way in: three servers with their interfaces, and sshd's ports. */
import { renderers } from '../../renderers/index.ts'
import { renderLab } from '../../scripts/lib/bundle/render.ts'
import type { Rendering } from '../../scripts/lib/bundle/rendering.ts'
import { define } from '../../scripts/lib/definition/definition.ts'

export interface DoorLab {
  /** Of n1; the first by default. */
  readonly addresses?: readonly string[]
  /** What lab.yaml says. */
  readonly port?: number | readonly number[]
  /** Ports in sshd's file. */
  readonly listens?: readonly number[]
}

/** A second address of n1. */
export const old = '198.51.100.11'
export const young = '198.51.100.99'

export function doorLab({ addresses = [old], port = 22, listens = [22] }: DoorLab): Rendering {
  const node = (id: number, own: readonly string[], gateway: string) =>
    `id: ${id}\naddresses:\n  public: { port: eno1, address: [${own.map((ip) => `${ip}/24`).join(', ')}], gateway: ${gateway} }\n`
  const sources = {
    'lab.yaml': `name: doors\nplatform: debian\nmanagement: { port: ${JSON.stringify(port)}, network: public }\n`,
    'networks.yaml': 'public: { carrier: physical }\n',
    'nodes/n1.yaml': node(1, addresses, '198.51.100.1'),
    'nodes/n2.yaml': node(2, ['203.0.113.12'], '203.0.113.1'),
    'nodes/n3.yaml': node(3, ['192.0.2.13'], '192.0.2.1'),
    'services/interfaces.yaml': 'hosts: [nodes]\n',
    'services/custom.yaml': custom,
    'files/nodes/etc/ssh/sshd_config.d/10-lab.conf': listens.map((each) => `Port ${each}\n`).join(''),
  }
  const { lab, problems } = define(
    Object.entries(sources).map(([path, text]) => ({ path, text })),
    'lab',
    renderers,
  )
  if (lab === null) throw new Error(JSON.stringify(problems))
  return renderLab(lab, renderers, {}).rendering
}

const custom = `sshd:
  title: How the deployer comes in
  hosts: [nodes]
  layer: access
  files: [/etc/ssh/sshd_config.d/10-lab.conf]
  directories: [/etc/ssh/sshd_config.d]
  onChange:
    - { unit: ssh.service, do: restart }
`
