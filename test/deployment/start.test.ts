/** What a run builds on: what it saw once nobody else could be at work any more. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Connect } from '../../scripts/lib/deployment/remote.ts'
import { startBench } from './bench.ts'
import { smallRendering, web } from './small-lab.ts'

const one = smallRendering({ body: 'one' })
const two = smallRendering({ body: 'two' })
const hosts = ['n1', 'n2', 'n3']

/** `before`: is told of every call before it is sent, and holds it up. */
function spied(connect: Connect, before: (call: string) => Promise<void>): Connect {
  return async (host, way) => {
    const remote = await connect(host, way)
    return {
      ...remote,
      exec: async (command, input, ms) => {
        await before(input.slice(input.lastIndexOf('\nmain ') + 1))
        return remote.exec(command, input, ms)
      },
      put: (files, ms) => remote.put(files, ms),
      close: () => remote.close(),
    }
  }
}

test('what another run did between the first look and the lease is seen', async () => {
  const bench = await startBench(one, 20, [web])
  try {
    assert.is((await bench.deploy(one)).exit, 0)
    const at = { opened: () => {}, looked: () => {}, finished: () => {} }
    const opened = new Promise<void>((resolve) => (at.opened = resolve))
    const looked = new Promise<void>((resolve) => (at.looked = resolve))
    const finished = new Promise<void>((resolve) => (at.finished = resolve))
    // The first has raised its fence, and goes on once the second has looked; the second takes the lease once the first is through.
    const first = bench
      .deploy(two, {
        connect: spied(bench.connect, async (call) => {
          if (!call.startsWith("main 'open ")) return
          at.opened()
          await looked
        }),
      })
      .then((outcome) => {
        at.finished()
        return outcome
      })
    await opened
    const second = await bench.deploy(one, {
      connect: spied(bench.connect, async (call) => {
        if (!call.startsWith("main 'lease take")) return
        at.looked()
        await finished
      }),
    })
    assert.is((await first).exit, 0)
    assert.is(second.exit, 0, JSON.stringify(second.failure))
    for (const host of hosts) {
      assert.is(second.hosts[host]?.outcome, 'applied')
      assert.is(readFileSync(join(bench.lab.folder(host), 'etc/web/web.conf'), 'utf8'), 'one\n')
    }
  } finally {
    await bench.close()
  }
})

test.run()
