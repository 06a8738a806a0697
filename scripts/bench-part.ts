/** The process that a benchmark times: `quorate deploy` with everything but the hosts' real addresses, which are ports of this machine. */
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { deploy } from './deploy.ts'
import type { Reach } from './lib/bench/stage.ts'
import { parseKnownHosts } from './lib/deployment/known-hosts.ts'
import { connector } from './lib/deployment/remote.ts'
import { wallClock } from './lib/deployment/wall-clock.ts'
import type { Exit } from './lib/failure.ts'
import type { Terminal } from './terminal.ts'

/** `part`: "deploy", or "preview" without --apply. Where the hosts are comes on standard input. */
export async function benchPart(
  { part, lab }: { readonly part: string; readonly lab: string },
  terminal: Terminal,
): Promise<Exit> {
  const { ports, knownHosts, identity } = JSON.parse(await text(process.stdin)) as Reach
  const privateKey = await readFile(identity, 'utf8')
  const none = { only: [], without: [], override: [], artifacts: [], acceptOutage: [], adopt: false, keep: false }
  return await deploy({ lab, apply: part === 'deploy', json: true, ...none }, terminal, {
    connect: (ways) =>
      Promise.resolve(
        connector({
          ways,
          knownHosts: parseKnownHosts(knownHosts),
          identity: { privateKey },
          dial: (address) => dialPort(ports[address] ?? 0),
        }),
      ),
    clock: wallClock,
  })
}

function dialPort(port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    socket.once('connect', () => resolve(socket))
    socket.once('error', reject)
  })
}
