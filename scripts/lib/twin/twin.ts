/** A twin: every node and guest of a lab as a machine of its own, wired as the lab says, in the namespaces of this process. */
import { randomBytes } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bundle } from '../bundle/rendering.ts'
import { FailureError } from '../failure.ts'
import { bareGuest, bareNode, type BareFile } from './bare.ts'
import { command, run } from './command.ts'
import { newKeyPair } from './embedded/server.ts'
import { newMachine, type Machine } from './machine.ts'
import { pmxcfsFiles } from './pmxcfs.ts'
import {
  cutLines,
  guestPortLines,
  lineCommands,
  namespaceLines,
  nodeLines,
  powerOffLines,
  visitorNamespace,
  visitorPortLines,
  wan,
  wanLines,
} from './wan.ts'
import type { GuestWires, NodeWires, Wiring } from './wiring.ts'

export interface TwinOptions {
  readonly wiring: Wiring
  /** Of both revisions, by host; those of the later one count. */
  readonly bundles: Readonly<Record<string, Bundle>>
  /** By host: the image it starts from, and the packages in it. */
  readonly image: (host: string) => { readonly folder: string; readonly packages: readonly string[] }
  /** Where the machines' own files are; on tmpfs, so that nothing of them is left. */
  readonly folder: string
  /** The machines' cgroups are below it. */
  readonly cgroup: string
}

export interface Twin {
  /** OpenSSH's known_hosts, with every machine's addresses. */
  readonly knownHosts: string
  /** The only key that may log in. */
  readonly privateKey: string
  readonly names: readonly string[]
  /** By node: what the kernel said where it did not make its cables as slow and lossy as the lab says. */
  readonly refusedLines: ReadonlyMap<string, string>
  machine(host: string): Machine
  /** A node and the guests on it. */
  standingOn(node: string): readonly string[]
  /** Boots nodes and waits until the deployer could log in. */
  startNodes(names: readonly string[]): Promise<void>
  /** Boots guests whose nodes have the bridges they hang on, and plugs the visitors in. */
  startGuests(): Promise<void>
  /** A node, with all guests on it, loses its power. */
  powerOff(node: string): Promise<void>
  powerOn(node: string): Promise<void>
  cut(node: string, how: 'down' | 'up'): Promise<void>
  close(): Promise<void>
}

/** How long a machine may take until its sshd answers. Milliseconds. */
const bootMs = 30_000

/** Wires the twin and lays out its machines; all are off. Expects network and mount namespaces of its own, and an empty /run/netns. */
export async function newTwin({ wiring, bundles, image, folder, cgroup }: TwinOptions): Promise<Twin> {
  const client = newKeyPair()
  const authkey = randomBytes(256)
  const shared = join(folder, '.pve')
  await mkdir(shared, { recursive: true })
  await ip(wanLines(wiring))
  const forwarding = ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']
  await command(['ip', 'netns', 'exec', wan, 'sysctl', '--quiet', '--write', ...forwarding])
  const machines = new Map<string, Machine>()
  let knownHosts = ''
  const lay = async (name: string, own: (options: Parameters<typeof bareNode>[1]) => readonly BareFile[]) => {
    const bundle = bundles[name]
    const { folder: system, packages } = image(name)
    const hostKey = newKeyPair()
    const isMember = packages.includes('corosync')
    const files = own({
      hostKey,
      clientKey: client.publicKey,
      ifupdown: packages.includes('ifupdown2'),
      authkey: isMember ? authkey : null,
    })
    const played = bundle?.platform === 'proxmox' && bundle.kind === 'node'
    const machine = await newMachine({
      name,
      image: system,
      folder: join(folder, name),
      cgroup: `${cgroup}/${name}`,
      files: played ? [...files, ...pmxcfsFiles] : files,
      binds: played ? { [shared]: '/var/lib/pve-cluster' } : {},
    })
    // Debian's package starts a cluster of one from its example; Proxmox VE's has none, and an owner who wants a cluster takes it away.
    if (isMember) await rm(join(machine.root, 'etc/corosync/corosync.conf'), { force: true })
    machines.set(name, machine)
    for (const address of bundle?.way.addresses ?? []) {
      const port = bundle?.way.port ?? 22
      knownHosts += `${port === 22 ? address : `[${address}]:${port}`} ${hostKey.publicKey}\n`
    }
  }
  await Promise.all([
    ...wiring.nodes.map((node) => lay(node.name, (options) => bareNode(node, options))),
    ...wiring.guests.map((guest) => lay(guest.name, (options) => bareGuest(guest, options))),
  ])
  for (const { network } of wiring.visitors) await ip(namespaceLines(visitorNamespace(network)))
  for (const { name } of wiring.guests) await ip(namespaceLines(name))

  const machine = (host: string): Machine => {
    const found = machines.get(host)
    if (found === undefined) throw new Error(`the twin has no host ${host}`)
    return found
  }
  const nodeWires = (name: string): NodeWires => {
    const found = wiring.nodes.find((node) => node.name === name)
    if (found === undefined) throw new Error(`the twin has no node ${name}`)
    return found
  }
  const refusedLines = new Map<string, string>()
  const startNode = async (name: string) => {
    const wires = nodeWires(name)
    await ip(nodeLines(wires))
    const why = await refusalOf(lineCommands(wires))
    if (why !== null) refusedLines.set(name, why)
    await machine(name).boot()
    const way = bundles[name]?.way
    await answering(name, way?.addresses ?? [], way?.port ?? 22)
  }
  const startGuest = async (guest: GuestWires) => {
    for (const port of guest.ports) {
      await bridgeThere(guest.node, port.bridge)
      await ip(guestPortLines(guest.name, guest.node, port))
    }
    await machine(guest.name).boot()
    await untilTrue(`sshd of ${guest.name}`, async () => {
      const { exit } = await machine(guest.name).exec(['systemctl', 'is-active', 'ssh'])
      return exit === 0
    })
  }
  const plugVisitors = async (node: string | null) => {
    for (const [index, visitor] of wiring.visitors.entries()) {
      if (node !== null && visitor.node !== node) continue
      await bridgeThere(visitor.node, visitor.bridge)
      await ip(visitorPortLines(visitor, index))
    }
  }
  const guestsOn = (node: string) => wiring.guests.filter((guest) => guest.node === node)

  return {
    get knownHosts() {
      return knownHosts
    },
    privateKey: client.privateKey,
    names: [...machines.keys()].toSorted(),
    refusedLines,
    machine,
    standingOn: (node) => [node, ...guestsOn(node).map(({ name }) => name)],
    startNodes: async (names) => {
      await Promise.all(names.map(startNode))
    },
    startGuests: async () => {
      await Promise.all(wiring.guests.map(startGuest))
      await plugVisitors(null)
    },
    async powerOff(node) {
      const all = [machine(node), ...guestsOn(node).map(({ name }) => machine(name))].filter(({ on }) => on)
      await Promise.all(all.map((each) => each.powerOff()))
      // The namespace would keep bridges and the virtual address alive.
      await ip(powerOffLines(nodeWires(node)))
      for (const { name } of guestsOn(node)) await ip([`netns del ${name}`, ...namespaceLines(name)])
    },
    async powerOn(node) {
      await startNode(node)
      await Promise.all(guestsOn(node).map(startGuest))
      await plugVisitors(node)
    },
    cut: (node, how) => ip(cutLines(nodeWires(node), how)),
    async close() {
      await Promise.all([...machines.values()].filter(({ on }) => on).map((each) => each.powerOff()))
    },
  }
}

/** In order; neighbours in one namespace go in one call. */
async function ip(lines: readonly string[]): Promise<void> {
  const calls: { readonly where: readonly string[]; readonly lines: string[] }[] = []
  for (const line of lines) {
    const [, namespace, rest] = /^-n (\S+) (.*)$/.exec(line) ?? [null, null, line]
    const where = namespace === null || namespace === undefined ? [] : ['-n', namespace]
    const last = calls.at(-1)
    if (last !== undefined && last.where.join(' ') === where.join(' ')) last.lines.push(rest ?? '')
    else calls.push({ where, lines: [rest ?? ''] })
  }
  for (const call of calls) await command(['ip', ...call.where, '-batch', '-'], `${call.lines.join('\n')}\n`)
}

/** What the first command said that did not go well; null where all did. */
async function refusalOf(commands: readonly (readonly string[])[]): Promise<string | null> {
  for (const argv of commands) {
    const { exit, stderr } = await run(argv).catch((error: unknown) => ({ exit: null, stderr: String(error) }))
    if (exit !== 0) return stderr.trim().split('\n')[0] || `${argv[0]} ended with ${exit ?? 'a signal'}`
  }
  return null
}

async function bridgeThere(node: string, bridge: string): Promise<void> {
  await untilTrue(`the bridge ${bridge} on ${node}`, async () => {
    const { exit } = await run(['ip', '-n', node, 'link', 'show', bridge])
    return exit === 0
  })
}

async function answering(name: string, addresses: readonly string[], port: number): Promise<void> {
  const tryOne = (address: string) =>
    new Promise<boolean>((resolve) => {
      const socket = connect({ host: address, port, timeout: 1000 })
      const end = (well: boolean) => {
        socket.destroy()
        resolve(well)
      }
      socket.once('data', () => end(true))
      socket.once('error', () => end(false))
      socket.once('timeout', () => end(false))
    })
  await untilTrue(`sshd of ${name}`, async () => (await Promise.all(addresses.map(tryOne))).includes(true))
}

async function untilTrue(what: string, ask: () => Promise<boolean>): Promise<void> {
  const until = performance.now() + bootMs
  while (!(await ask())) {
    if (performance.now() > until) {
      throw new FailureError(
        {
          what: `${what} is not there after ${bootMs / 1000} s`,
          where: 'twin',
          now: 'no real host was touched',
          next: 'look around with --keep',
        },
        4,
      )
    }
    await sleep(100)
  }
}
