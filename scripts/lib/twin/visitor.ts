/** Somebody in a guests' network who uses what it offers, many times a second: a process of its own, in the visitor's namespace. */
import { spawn } from 'node:child_process'
import { Resolver } from 'node:dns/promises'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Offer } from '../../../renderers/renderer.ts'
import { dhcpClient, type Lease } from './dhcp.ts'
import type { Sample, Series } from './series.ts'

/** What is asked for by a program that runs in the namespace; addresses are pinged instead. */
export type Asked = Extract<Offer, { readonly kind: 'names' | 'leases' | 'port' }>

export interface Visiting {
  stop(): Promise<readonly Series[]>
}

/** Of the guest that asks for a lease; nobody else in the twin has it. */
const mac = '02:71:75:6f:72:01'

interface Answer {
  readonly index: number
  readonly at: number
  readonly well: boolean
}

/** Milliseconds between two questions, and how long each may take. */
const pace: Readonly<Record<Asked['kind'], { readonly every: number; readonly patience: number }>> = {
  names: { every: 100, patience: 1000 },
  leases: { every: 500, patience: 2000 },
  port: { every: 200, patience: 1000 },
}

/** Starts `argv` in the visitor's namespace; its standard input and output are as `visit` wants them. */
export function startVisitor(argv: readonly string[], namespace: string, offers: readonly Asked[]): Visiting {
  const child = spawn('ip', ['netns', 'exec', namespace, ...argv], { stdio: ['pipe', 'pipe', 'inherit'] })
  const output: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
  child.stdin.on('error', () => child.stdin.destroy())
  child.stdin.end(JSON.stringify(offers))
  const gone = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
    child.once('error', () => resolve())
  })
  return {
    async stop() {
      child.kill('SIGKILL')
      await gone
      const lines = Buffer.concat(output).toString().split('\n').slice(0, -1)
      const answers = lines.map((line) => JSON.parse(line) as Answer)
      return offers.map((offer, index) => ({
        id: offer.title,
        kind: 'offer',
        every: pace[offer.kind].every,
        samples: answers
          .filter((answer) => answer.index === index)
          .map(({ at, well }): Sample => ({ at, well }))
          .toSorted((a, b) => a.at - b.at),
      }))
    },
  }
}

/** The other end: asks for every offer on `input`, until the process is ended. */
export async function visit(input: NodeJS.ReadableStream, say: (line: string) => void): Promise<void> {
  const offers = JSON.parse(await text(input)) as readonly Asked[]
  await Promise.all(
    offers.map(async (offer, index) => {
      const ask = await asker(offer)
      const { every } = pace[offer.kind]
      for (;;) {
        const at = Date.now()
        // Questions go out on time, however long the answers to earlier ones take.
        void ask().then((well) => say(`${JSON.stringify({ index, at, well } satisfies Answer)}\n`))
        await sleep(every)
      }
    }),
  )
}

async function asker(offer: Asked): Promise<() => Promise<boolean>> {
  const { patience } = pace[offer.kind]
  if (offer.kind === 'port') return () => portAnswers(offer.address, offer.port, patience)
  if (offer.kind === 'names') {
    const resolver = new Resolver({ timeout: patience, tries: 1 })
    resolver.setServers(offer.addresses.map((address) => (address.includes(':') ? `[${address}]` : address)))
    const isSix = offer.addresses[0]?.includes(':') === true
    const ask = isSix ? () => resolver.resolve6(offer.name) : () => resolver.resolve4(offer.name)
    return () =>
      ask().then(
        (found) => found.length > 0,
        () => false,
      )
  }
  const client = await dhcpClient(mac)
  let lease: Promise<Lease | null> | null = null
  return async () => {
    // A server looks first whether an address is free, which takes some seconds.
    lease ??= client.lease(6000)
    const own = await lease
    if (own !== null) return client.again(own, patience)
    lease = null
    return false
  }
}

function portAnswers(host: string, port: number, timeout: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout })
    const end = (well: boolean) => {
      socket.destroy()
      resolve(well)
    }
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
    socket.once('timeout', () => end(false))
  })
}
