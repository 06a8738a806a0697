/** A defect of ours in the middle of a step: what no host said or did. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Connect } from '../../scripts/lib/deployment/remote.ts'
import { startBench, type Bench } from './bench.ts'
import { smallRendering, web } from './small-lab.ts'

const one = smallRendering({ body: 'one' })
const two = smallRendering({ body: 'two' })
const hosts = ['n1', 'n2', 'n3']

const fileOf = (bench: Bench, host: string, path: string) => join(bench.lab.folder(host), path)

/** From the second activation on every probe meets a defect. */
function defective(connect: Connect): Connect {
  let activations = 0
  return async (host, way) => {
    const remote = await connect(host, way)
    return {
      ...remote,
      exec: async (command, input, ms) => {
        const call = input.slice(input.lastIndexOf('\nmain ') + 1)
        if (call.startsWith("main 'activate ")) activations += 1
        if (activations >= 2 && call.startsWith("main 'probe ")) throw new TypeError('a defect')
        return remote.exec(command, input, ms)
      },
      put: (files, ms) => remote.put(files, ms),
      close: () => remote.close(),
    }
  }
}

test('it comes out only once the step is undone and the lease given back', async () => {
  const bench = await startBench(one, 20, [web])
  try {
    assert.is((await bench.deploy(one)).exit, 0)
    const thrown = await bench.deploy(two, { connect: defective(bench.connect) }).then(
      () => null,
      (error: unknown) => error,
    )
    assert.instance(thrown, TypeError)
    assert.equal(
      hosts.map((host) => readFileSync(fileOf(bench, host, 'etc/web/web.conf'), 'utf8')),
      ['two\n', 'one\n', 'one\n'],
    )
    for (const host of hosts) {
      assert.not.ok(existsSync(fileOf(bench, host, 'var/lib/quorate/lease')), `${host} has the lease back`)
      const generations = fileOf(bench, host, 'var/lib/quorate/generations')
      for (const name of readdirSync(generations))
        assert.not.ok(existsSync(join(generations, name, 'armed')), `${name} on ${host} is not armed`)
    }
    assert.is((await bench.deploy(two)).exit, 0)
  } finally {
    await bench.close()
  }
})

test.run()
