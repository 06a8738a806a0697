import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Connect } from '../../scripts/lib/deployment/remote.ts'
import { openSession } from '../../scripts/lib/deployment/session.ts'
import { wallClock } from '../../scripts/lib/deployment/wall-clock.ts'

const ways = { n1: { addresses: ['192.0.2.1'], port: 22, user: 'root', via: [] } }
const turn = () => new Promise((resolve) => setImmediate(resolve))

/** Connections whose calls end when they are told to, and never once they are closed. */
function bench() {
  const connections: { closed: boolean; readonly waiting: (() => void)[] }[] = []
  const connect: Connect = () => {
    const own = { closed: false, waiting: [] as (() => void)[] }
    connections.push(own)
    return Promise.resolve({
      entry: { address: '192.0.2.1', port: 22, user: 'root' },
      exec: () => new Promise((resolve) => own.waiting.push(() => resolve({ exit: 0, stdout: 'end\n', stderr: '' }))),
      put: () => Promise.resolve(),
      close: () => {
        own.closed = true
      },
    })
  }
  return { connections, session: openSession(connect, ways, 'token', wallClock) }
}

test('a connection that is renewed is closed only when nobody is at work on it any more', async () => {
  const { connections, session } = bench()
  const probe = session.ask('n1', 'probe', [], [], 1000)
  await turn()
  session.renew('n1')
  await turn()
  assert.is(connections[0]?.closed, false)
  const next = session.ask('n1', 'probe', [], [], 1000)
  await turn()
  assert.is(connections.length, 2)
  connections[0]?.waiting[0]?.()
  await probe
  await turn()
  assert.is(connections[0]?.closed, true)
  assert.is(connections[1]?.closed, false)
  connections[1]?.waiting[0]?.()
  await next
})

test('at the end everything is closed, also what was retired', async () => {
  const { connections, session } = bench()
  void session.ask('n1', 'probe', [], [], 1000)
  await turn()
  session.renew('n1')
  void session.ask('n1', 'probe', [], [], 1000)
  await turn()
  session.close()
  await turn()
  assert.equal(
    connections.map(({ closed }) => closed),
    [true, true],
  )
})

test('the time goes on evenly when somebody sets the clock', () => {
  const { now } = Date
  const before = wallClock.now()
  try {
    Date.now = () => 0
    const after = wallClock.now()
    assert.ok(after >= before && after < before + 60_000)
  } finally {
    Date.now = now
  }
})

test.run()
