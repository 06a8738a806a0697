import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { startRelay, type Relay } from '../../scripts/lib/bench/relay.ts'

/** Says everything again, through a relay. */
async function withEcho(delayMs: number, use: (relay: Relay, socket: Socket) => Promise<void>): Promise<void> {
  const echo = createServer((socket) => socket.pipe(socket))
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve))
  const relay = await startRelay((echo.address() as AddressInfo).port, delayMs)
  const socket = connect({ host: '127.0.0.1', port: relay.port, noDelay: true })
  try {
    await use(relay, socket)
  } finally {
    socket.destroy()
    await relay.close()
    echo.close()
  }
}

function asked(socket: Socket, text: string): Promise<string> {
  return new Promise((resolve) => {
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString()))
    socket.write(text)
  })
}

test('every message is held up, each way, and nothing is changed or overtaken', async () => {
  await withEcho(60, async (relay, socket) => {
    const begun = performance.now()
    assert.is(await asked(socket, 'one'), 'one')
    assert.is(await asked(socket, 'two'), 'two')
    assert.ok(performance.now() - begun >= 4 * 59)
    assert.is(relay.trips(), 2)
  })
})

test('what is said before any answer can be there is one round trip', async () => {
  await withEcho(200, async (relay, socket) => {
    const answer = asked(socket, 'a')
    await new Promise((resolve) => setTimeout(resolve, 20))
    socket.write('b')
    assert.is(await answer, 'a')
    assert.is(relay.trips(), 1)
  })
})

test.run()
