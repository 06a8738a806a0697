/** A DHCP client (RFC 2131) as far as a rehearsal needs one: it gets a lease, and asks for the same address again and again. */
import { createSocket } from 'node:dgram'

/** A lease: the address, and who gave it. */
export interface Lease {
  readonly address: string
  readonly server: string
}

export interface DhcpClient {
  /** The way a guest starts: null where nobody offers or grants one within `ms`. */
  lease(ms: number): Promise<Lease | null>
  /** Whether the address is granted again within `ms`, as for a guest that was restarted (INIT-REBOOT). */
  again(lease: Lease, ms: number): Promise<boolean>
  close(): void
}

const kinds = { discover: 1, offer: 2, request: 3, acknowledge: 5 } as const

/** Speaks from port 68 of a namespace whose route for broadcasts leads to the network. `mac`: whom the lease is for, "02:71:75:6f:72:01". */
export async function dhcpClient(mac: string): Promise<DhcpClient> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(68, () => resolve())
  })
  socket.setBroadcast(true)
  let transaction = Math.floor(performance.now()) & 0xffff
  const heard = new Map<number, (message: Message) => void>()
  socket.on('message', (packet) => {
    const message = readMessage(packet)
    if (message !== null) heard.get(message.transaction)?.(message)
  })
  const ask = (kind: number, options: readonly (readonly [number, Buffer])[], wanted: number, ms: number) =>
    new Promise<Message | null>((resolve) => {
      transaction += 1
      const own = transaction
      const end = (message: Message | null) => {
        clearTimeout(timer)
        heard.delete(own)
        resolve(message)
      }
      const timer = setTimeout(() => end(null), ms)
      heard.set(own, (message) => {
        if (message.kind === wanted) end(message)
      })
      socket.send(packetOf(own, mac, kind, options), 67, '255.255.255.255', (error) => {
        if (error) end(null)
      })
    })
  return {
    async lease(ms) {
      const offer = await ask(kinds.discover, [], kinds.offer, ms)
      if (offer === null) return null
      const options = [[50, ipBytes(offer.address)] as const, [54, ipBytes(offer.server)] as const]
      const granted = await ask(kinds.request, options, kinds.acknowledge, ms)
      return granted === null ? null : { address: granted.address, server: granted.server }
    },
    again: async ({ address }, ms) =>
      (await ask(kinds.request, [[50, ipBytes(address)]], kinds.acknowledge, ms)) !== null,
    close: () => socket.close(),
  }
}

interface Message {
  readonly transaction: number
  readonly kind: number
  readonly address: string
  readonly server: string
}

const cookie = Buffer.from([99, 130, 83, 99])

function packetOf(
  transaction: number,
  mac: string,
  kind: number,
  options: readonly (readonly [number, Buffer])[],
): Buffer {
  const head = Buffer.alloc(236)
  head.set([1, 1, 6, 0])
  head.writeUInt32BE(transaction, 4)
  // Answers go to everybody: this client has no address that they could go to.
  head.writeUInt16BE(0x8000, 10)
  head.set(Buffer.from(mac.replaceAll(':', ''), 'hex'), 28)
  const own = [[53, Buffer.from([kind])] as const, ...options].flatMap(([code, value]) => [
    Buffer.from([code, value.length]),
    value,
  ])
  return Buffer.concat([head, cookie, ...own, Buffer.from([255])])
}

function readMessage(packet: Buffer): Message | null {
  if (packet.length < 240 || packet[0] !== 2 || !packet.subarray(236, 240).equals(cookie)) return null
  const options = new Map<number, Buffer>()
  for (let at = 240; at < packet.length;) {
    const code = packet[at] ?? 255
    if (code === 255) break
    const length = code === 0 ? -1 : (packet[at + 1] ?? 0)
    if (code !== 0) options.set(code, packet.subarray(at + 2, at + 2 + length))
    at += length + 2
  }
  return {
    transaction: packet.readUInt32BE(4),
    kind: options.get(53)?.[0] ?? 0,
    address: [...packet.subarray(16, 20)].join('.'),
    server: [...(options.get(54) ?? [])].join('.'),
  }
}

function ipBytes(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number))
}
