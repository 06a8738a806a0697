/** An embedded lab: one real SSH server per host, in this process, over a folder per host. For the demo and for tests; never a rehearsal. */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  watch,
} from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { PerHost } from '../../../../renderers/renderer.ts'
import { entriesOf, type Entry } from '../../bundle/entry.ts'
import type { Secrets } from '../../bundle/fill.ts'
import type { Rendering, Way } from '../../bundle/rendering.ts'
import { packageRoot } from '../../roots.ts'
import type { Clock } from '../../deployment/clock.ts'
import { pacedClock } from './clock.ts'
import { configure } from './configure.ts'
import { furnish, simFolder } from './furnish.ts'
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
  /** Where hosts could be let in besides: addresses that the provider brings to them, and ports. Their keys are in `knownHosts`. */
  readonly besides?: PerHost<readonly Place[]>
  /** How much faster than the wall clock the lab's time runs. */
  readonly pace: number
}

/** Where somebody can be let in. */
export type Place = Pick<Entry, 'address' | 'port'>

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
  besides = {},
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
  const nodes = new Map<string, StartedNode & { readonly way: Way; readonly places: readonly Place[] }>()
  const known: string[] = []
  const pmxcfs = followPmxcfs(shared, () => [...nodes.values()].filter(({ node }) => node.reachable()))

  const hostAt = (address: string, port: number) =>
    [...nodes.values()].find(({ way, node: { folder: root }, places }) => {
      const isBrought = way.addresses.includes(address) || linesOf(join(root, simFolder, 'routed')).includes(address)
      return isBrought && isPlace(places, { address, port }) && listensAt(root, way.port).includes(port)
    })

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
    furnish(
      place,
      bundle,
      rendering,
      shared,
      (besides[name] ?? []).map(({ address }) => address),
    )
    if (configured !== undefined) configure(place, bundle, rendering, configured)
  }
  // Others follow a change at once, also while the host that made it is still at work.
  const tree = join(shared, 'pve')
  const following = existsSync(tree) ? watch(tree, { persistent: false }, () => pmxcfs.look()) : null
  const started = Object.entries(rendering.hosts).map(async ([name, { way }]) => {
    const hostKey = newKeyPair()
    const places = [...entriesOf(way), ...(besides[name] ?? [])]
    known.push(...places.map(({ address, port }) => `${knownAs(address, port)} ${hostKey.publicKey}\n`))
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
    nodes.set(name, { ...node, way, places })
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

function isPlace(places: readonly Place[], { address, port }: Place): boolean {
  return places.some((place) => place.address === address && place.port === port)
}

/** The ports of sshd, as it read them when it was told something; until then the one that the lab knows. */
function listensAt(root: string, port: number): readonly number[] {
  const file = join(root, simFolder, 'loaded/ssh')
  if (!existsSync(file)) return [port]
  const ports = linesOf(file)
  return ports.length === 0 ? [22] : ports.map(Number)
}

function linesOf(file: string): readonly string[] {
  return readFileSync(file, 'utf8').split('\n').filter(Boolean)
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
