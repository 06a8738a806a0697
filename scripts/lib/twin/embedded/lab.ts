/** An embedded lab: one real SSH server per host, in this process, over a folder per host. For the demo and for tests; never a rehearsal. */
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, realpathSync, rmSync, watch } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { Secrets } from '../../bundle/fill.ts'
import type { Rendering, Way } from '../../bundle/rendering.ts'
import { packageRoot } from '../../roots.ts'
import type { Clock } from '../../deployment/clock.ts'
import { pacedClock } from './clock.ts'
import { configure } from './configure.ts'
import { furnish } from './furnish.ts'
import { startNode, type EmbeddedNode, type StartedNode } from './node.ts'
import { followPmxcfs } from './pmxcfs.ts'
import { startProcesses } from './processes.ts'
import { newKeyPair } from './server.ts'

export interface EmbeddedLabOptions {
  /** The hosts, what they need, and where they are reached. */
  readonly rendering: Rendering
  /** Created where it is missing. One folder per host; nothing outside of it is touched. */
  readonly folder: string
  /** The hosts already hold what the rendering says, with these secrets, as if set up by hand. Without it they are bare. */
  readonly configured?: Secrets
  /** How much faster than the wall clock the lab's time runs. */
  readonly pace: number
}

export interface EmbeddedLab {
  /** A connection to a host by one of its management addresses; rejects with the error that a real network gives. */
  dial(address: string, port: number): Promise<Duplex>
  /** OpenSSH's known_hosts, with every host's addresses. */
  readonly knownHosts: string
  /** The only key that may log in, in OpenSSH's format; made at the start and never written to a file. */
  readonly privateKey: string
  readonly clock: Clock
  /** A host's folder: its "/". */
  folder(host: string): string
  node(host: string): EmbeddedNode
  /** Messages to all hosts since the start. */
  messages(): number
  /** Ends all connections, programs and timers. The folders stay. */
  close(): Promise<void>
}

/** The simulated programs. */
export const shims = join(packageRoot, 'scripts/lib/twin/embedded/bin')

/** Programs that root does not need simulated: the real ones do it, and faster. */
const ownership = ['chgrp', 'chown', 'stat']

/** How long a packet to a host that is not there is waited for, in the lab's time. */
const dialTimeoutMs = 10_000

export async function startEmbeddedLab({
  rendering,
  folder,
  pace,
  configured,
}: EmbeddedLabOptions): Promise<EmbeddedLab> {
  const clock = pacedClock(pace)
  mkdirSync(folder, { recursive: true })
  const top = realpathSync(folder)
  const shared = join(top, '.lab')
  rmSync(join(shared, 'bin'), { recursive: true, force: true })
  // A copy: an installed package need not be executable, and what runs is shown beside the hosts.
  cpSync(shims, join(shared, 'bin'), { recursive: true })
  for (const name of readdirSync(join(shared, 'bin'))) chmodSync(join(shared, 'bin', name), 0o755)
  if (process.getuid?.() === 0) for (const name of ownership) rmSync(join(shared, 'bin', name))
  const client = newKeyPair()
  const processes = startProcesses()
  const nodes = new Map<string, StartedNode & { readonly way: Way }>()
  const known: string[] = []
  const pmxcfs = followPmxcfs(shared, () => [...nodes.values()].filter(({ node }) => node.reachable()))

  const hostAt = (address: string, port: number) =>
    [...nodes.values()].find(({ way }) => way.port === port && way.addresses.includes(address))

  const loopback = (port: number) =>
    new Promise<Duplex>((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(socket)
      })
    })

  const dial = async (address: string, port: number): Promise<Duplex> => {
    const host = hostAt(address, port)
    if (host !== undefined && host.way.via.length === 0 && host.node.reachable(address)) return loopback(host.node.port)
    await clock.sleep(dialTimeoutMs)
    throw networkError('ETIMEDOUT', address, port)
  }

  const jump = async (from: string, address: string, port: number): Promise<Duplex | null> => {
    const host = hostAt(address, port)
    if (host === undefined || !host.node.reachable(address)) return null
    const isNear = host.way.via.length === 0 || host.way.via.includes(from)
    return isNear ? loopback(host.node.port).catch(() => null) : null
  }

  for (const [name, bundle] of Object.entries(rendering.hosts)) {
    const place = join(top, hostName(name))
    mkdirSync(place, { recursive: true })
    furnish(place, bundle, rendering, shared)
    if (configured !== undefined) configure(place, bundle, rendering, configured)
  }
  // Others follow a change at once, also while the host that made it is still at work.
  const tree = join(shared, 'pve')
  const following = existsSync(tree) ? watch(tree, { persistent: false }, () => pmxcfs.look()) : null
  const started = Object.entries(rendering.hosts).map(async ([name, { way }]) => {
    const hostKey = newKeyPair()
    known.push(...way.addresses.map((address) => `${knownAs(address, way.port)} ${hostKey.publicKey}\n`))
    const options = {
      name,
      user: way.user,
      folder: join(top, name),
      shared: [join(shared, 'pve')],
      shims: join(shared, 'bin'),
    }
    const node = await startNode({
      ...options,
      hostKey,
      clientKey: client.publicKey,
      clock,
      processes,
      jump,
      changed: () => pmxcfs.look(),
    })
    nodes.set(name, { ...node, way })
  })
  await Promise.all(started)

  const node = (host: string): EmbeddedNode => {
    const found = nodes.get(host)
    if (found === undefined)
      throw new Error(`the lab has no host ${JSON.stringify(host)}; it has ${[...nodes.keys()].join(', ')}`)
    return found.node
  }
  return {
    dial,
    knownHosts: known.join(''),
    privateKey: client.privateKey,
    clock,
    folder: (host) => node(host).folder,
    node,
    messages: () => [...nodes.values()].reduce((sum, host) => sum + host.node.messages(), 0),
    async close() {
      following?.close()
      await Promise.all([...nodes.values()].map((host) => host.close()))
      await processes.close()
    },
  }
}

/** As sshd(8) writes it: the port where it is not 22. */
function knownAs(address: string, port: number): string {
  return port === 22 ? address : `[${address}]:${port}`
}

/** A name that is a folder of its own. */
function hostName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(name)) return name
  throw new Error(`the host name ${JSON.stringify(name)} cannot be a folder's name`)
}

function networkError(code: string, address: string, port: number): Error {
  return Object.assign(new Error(`connect ${code} ${address}:${port}`), { code, address, port, syscall: 'connect' })
}
