/** Labs of any size, made up: what growth is measured on. The same question gives the same files, byte for byte. */
import type { Source } from '../definition/source.ts'

export interface LabQuestion {
  /** Three at least. */
  readonly hosts: number
  /** cells: every cell has a VPN of its own. one-vpn: all hosts stand in one, in a full mesh; the cells keep their quorums. */
  readonly shape: 'cells' | 'one-vpn'
  /**
   * 0: as it is. 1: on every host 12 files differ, and the unit that reads them, outside any quorum, is restarted. 2: every host's VPN is restarted
   * besides, which carries the quorum of its cell.
   */
  readonly edition: 0 | 1 | 2
}

export interface BenchCell {
  readonly name: string
  readonly hosts: readonly string[]
}

/** Of every host, in the order of their paths: how many files a change touches. */
export const filesPerHost = 12
/** A node is not in more than one cell; as many as a cluster of Proxmox VE nodes sensibly has. */
const sizes = [3, 5, 7, 9, 4, 6, 8]
const fewest = 3

/** Cells of 3 to 9 hosts that hold them all, in turn of every size. */
export function benchCells(hosts: number): readonly BenchCell[] {
  if (!Number.isInteger(hosts) || hosts < fewest)
    throw new Error(`a lab of cells has ${fewest} hosts or more, not ${hosts}`)
  const cells: BenchCell[] = []
  for (let first = 0; first < hosts;) {
    const size = fitting(hosts - first, sizes[cells.length % sizes.length] ?? fewest)
    const names = Array.from({ length: size }, (_, index) => nameOf('h', first + index + 1))
    cells.push({ name: nameOf('c', cells.length + 1), hosts: names })
    first += size
  }
  return cells
}

/** Never leaves one or two hosts over. */
function fitting(left: number, wanted: number): number {
  if (left <= 9) return left === wanted || left - wanted < fewest ? left : wanted
  return left - wanted < fewest ? wanted - fewest : wanted
}

/** The files of a lab's folder, as `readSources` reads them. */
export function labSources({ hosts, shape, edition }: LabQuestion): readonly Source[] {
  const cells = benchCells(hosts)
  const vpns = shape === 'cells' ? cells : [{ name: 'mesh', hosts: cells.flatMap((cell) => cell.hosts) }]
  const vpnOf = new Map(
    vpns.flatMap((vpn, index) => vpn.hosts.map((host, place) => [host, { vpn, index, place }] as const)),
  )
  const files: Record<string, string> = {
    'lab.yaml':
      'name: bench\ntitle: A made-up lab\nplatform: debian\nmanagement: { user: root, port: 22, network: public }\n',
    'networks.yaml': [
      'public: { title: Between the sites, carrier: physical, bridge: vmbr0 }',
      ...vpns.map(({ name }, index) => `${name}: { title: Inside, carrier: tinc, subnets: [${subnet(shape, index)}] }`),
      '',
    ].join('\n'),
    'services/tinc.yaml': [
      'over: public',
      'networks:',
      ...vpns.map(
        ({ name }, index) =>
          `  ${name}: { port: ${655 + index}${edition === 2 ? ', options: { PingInterval: 20 }' : ''} }`,
      ),
      '',
    ].join('\n'),
    'services/cells.yaml': `${cells.map((cell) => `${cell.name}: { network: ${shape === 'cells' ? cell.name : 'mesh'}, hosts: [${cell.hosts.join(', ')}] }`).join('\n')}\n`,
    ...agentFiles(edition),
  }
  for (const [number, host] of cells.flatMap((cell) => cell.hosts).entries()) {
    const at = vpnOf.get(host)
    files[`nodes/${host}.yaml`] = [
      `title: Host ${number + 1}`,
      `id: ${number + 1}`,
      'addresses:',
      `  public: { port: eno1, address: 198.18.${Math.floor(number / 250)}.${(number % 250) + 2}/15, gateway: 198.19.255.254 }`,
      `  ${at?.vpn.name}: ${addressIn(shape, at?.index ?? 0, at?.place ?? 0)}`,
      '',
    ].join('\n')
  }
  return sourcesOf(files)
}

/** A lab of nodes with nothing but the agent. `addresses`: by host; `user`: whom to log in as. */
export function agentSources(
  addresses: Readonly<Record<string, string>>,
  user: string,
  edition: LabQuestion['edition'],
): readonly Source[] {
  const nodes = Object.entries(addresses).map(([host, address], index) => [
    `nodes/${host}.yaml`,
    `title: Host ${index + 1}\nid: ${index + 1}\naddresses:\n  public: { port: eno1, address: ${address}/24 }\n`,
  ])
  return sourcesOf({
    'lab.yaml': `name: bench\ntitle: A made-up lab\nplatform: debian\nmanagement: { user: ${user}, port: 22, network: public }\n`,
    'networks.yaml': 'public: { title: Loopback, carrier: physical, bridge: vmbr0 }\n',
    ...(Object.fromEntries(nodes) as Record<string, string>),
    ...agentFiles(edition),
  })
}

/** What the agent's service holds. */
function agentFiles(edition: number): Readonly<Record<string, string>> {
  const files = Array.from({ length: filesPerHost }, (_, file) => customFile(file, edition))
  return Object.assign({ 'services/custom.yaml': customItem() }, ...files) as Record<string, string>
}

function sourcesOf(files: Readonly<Record<string, string>>): readonly Source[] {
  return Object.entries(files)
    .map(([path, text]) => ({ path, text }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

function customItem(): string {
  return [
    'agent:',
    '  title: Something outside any quorum',
    '  hosts: [nodes]',
    '  layer: monitoring',
    `  files: [${Array.from({ length: filesPerHost }, (_, file) => pathOf(file)).join(', ')}]`,
    '  onChange: [{ unit: agent.service, do: restart }]',
    '',
  ].join('\n')
}

function pathOf(file: number): string {
  return `/etc/agent/${String(file + 1).padStart(2, '0')}.conf`
}

/** A third of them tells every host something of its own; the others are the same everywhere. */
function customFile(file: number, edition: number): Readonly<Record<string, string>> {
  const lines = Array.from({ length: 40 }, (_, line) => `setting-${line} = ${file * 100 + line}`)
  const text = (own: string) => `# ${own}\n${lines.join('\n')}\nedition = ${edition}\n`
  if (file % 3 !== 0) return { [`files/nodes${pathOf(file)}`]: text('all') }
  return { [`files/nodes${pathOf(file)}.njk`]: text('{{ host.name }}') }
}

function subnet(shape: LabQuestion['shape'], index: number): string {
  return shape === 'cells' ? `10.${64 + Math.floor(index / 256)}.${index % 256}.0/24` : '10.64.0.0/16'
}

function addressIn(shape: LabQuestion['shape'], index: number, place: number): string {
  if (shape === 'cells') return `10.${64 + Math.floor(index / 256)}.${index % 256}.${place + 1}`
  return `10.64.${Math.floor(place / 250)}.${(place % 250) + 1}`
}

function nameOf(letter: string, number: number): string {
  return `${letter}${String(number).padStart(4, '0')}`
}
