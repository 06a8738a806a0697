/** What is measured on: real OpenSSH servers on loopback, a lab in a repository of its own, and what stands in between. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import type { Door, Keys } from './floor.ts'
import { agentSources } from './lab-sources.ts'
import { startOpenSsh } from './openssh.ts'
import { startRelay } from './relay.ts'
import { runProgram } from './run-program.ts'

export interface BenchStage {
  /** Of the lab. */
  readonly lab: string
  readonly folder: string
  readonly keys: Keys
  /** By how the hosts are come in to: straight, or through relays that hold every message up. */
  doors(way: Way): readonly Door[]
  /** What `bench-part` reads. */
  reach(way: Way): Reach
  /** Brings the lab's folder to an edition, in a commit. */
  edit(edition: 0 | 1): Promise<void>
  /** Round trips of all hosts until now, through the relays. */
  trips(): number
  close(): Promise<void>
}

export type Way = 'straight' | 'delayed'

/** Where the hosts' addresses in the lab really are. */
export interface Reach {
  readonly ports: Readonly<Record<string, number>>
  readonly knownHosts: string
  readonly identity: string
}

/** Starts as many hosts. `delayMs`: of the delayed way, added to every message. */
export async function openStage(hosts: number, delayMs: number): Promise<BenchStage> {
  const addresses = Object.fromEntries(
    Array.from({ length: hosts }, (_, index) => [`h${index + 1}`, `192.0.2.${index + 1}`] as const),
  )
  const servers = await startOpenSsh(addresses, ['etc/agent'])
  const folder = mkdtempSync(join(tmpdir(), 'quorate-bench-'))
  const relays = await Promise.all(
    Object.values(addresses).map((address) => startRelay(servers.port(address), delayMs)),
  )
  const portsOf = (way: Way): readonly number[] => {
    if (way === 'straight') return Object.values(addresses).map((address) => servers.port(address))
    return relays.map(({ port }) => port)
  }
  const tidy = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', tidy)
  const knownHosts = join(folder, 'known_hosts')
  writeFileSync(knownHosts, byName(servers.knownHosts, addresses))
  const lab = join(folder, 'repository', 'lab')
  mkdirSync(lab, { recursive: true })
  const git = (...args: readonly string[]) =>
    runProgram('git', ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost', ...args], { cwd: dirname(lab) })
  await git('init', '-q', '-b', 'main')
  return {
    lab,
    folder,
    keys: { identity: servers.identity, knownHosts },
    doors: (way) =>
      Object.keys(addresses).map((host, index) => ({ host, port: portsOf(way)[index] ?? 0, root: servers.root(host) })),
    reach: (way) => ({
      ports: Object.fromEntries(Object.values(addresses).map((address, index) => [address, portsOf(way)[index] ?? 0])),
      knownHosts: servers.knownHosts,
      identity: servers.identity,
    }),
    async edit(edition) {
      for (const { path, text } of agentSources(addresses, userInfo().username, edition)) {
        mkdirSync(dirname(join(lab, path)), { recursive: true })
        writeFileSync(join(lab, path), text)
      }
      await git('add', '-A')
      await git('commit', '-q', '--allow-empty', '-m', `edition ${edition}`)
    },
    trips: () => relays.reduce((total, relay) => total + relay.trips(), 0),
    async close() {
      await Promise.all(relays.map((relay) => relay.close()))
      await servers.close()
      process.off('exit', tidy)
      tidy()
    },
  }
}

/** The pinned keys under the hosts' names instead of their addresses. */
function byName(knownHosts: string, addresses: Readonly<Record<string, string>>): string {
  const names = new Map(Object.entries(addresses).map(([host, address]) => [address, host]))
  return knownHosts.replaceAll(/^\S+/gm, (address) => names.get(address) ?? address)
}
