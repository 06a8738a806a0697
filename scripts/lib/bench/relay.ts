/** What stands between two ends of a TCP connection on loopback: it can hold every message up, and counts how often the talk goes round. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface Relay {
  /** On 127.0.0.1. */
  readonly port: number
  /**
   * Round trips since the relay began, of all connections together: how often somebody who connected could speak again because of an answer. What is
   * said within the time of one round trip cannot be an answer to its end, so it belongs to the same one. Without a delay everything that is said counts.
   */
  trips(): number
  close(): Promise<void>
}

/** Passes on to a port of 127.0.0.1. `delayMs`: what is added to every message, each way. */
export async function startRelay(to: number, delayMs: number): Promise<Relay> {
  let trips = 0
  let last = -Infinity
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect({ host: '127.0.0.1', port: to, noDelay: true })
    near.setNoDelay(true)
    near.on('data', () => {
      const now = performance.now()
      if (now - last < 2 * delayMs) return
      last = now
      trips += 1
    })
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      pass(from, into, delayMs)
      from.on('error', () => into.destroy())
      from.on('close', () => sockets.delete(from))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    trips: () => trips,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

/** Timers of equal length fire in the order in which they were set, so nothing overtakes. */
function pass(from: Socket, into: Socket, delayMs: number): void {
  const later = (work: () => void) => (delayMs === 0 ? work() : setTimeout(work, delayMs))
  from.on('data', (chunk: Buffer) => later(() => into.writable && into.write(chunk)))
  from.on('end', () => later(() => into.end()))
  from.on('close', () => later(() => into.destroy()))
}
