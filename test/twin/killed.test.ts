import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { closeEnclosure, openEnclosure } from '../../scripts/lib/twin/enclosure.ts'
import { inRepository, leftBehind, machinesOf, startRehearsal, twin } from './rehearse.ts'

twin('a rehearsal that is killed leaves no machine, and the next one removes the rest', () =>
  inRepository('test/labs/trio', [], async (folder) => {
    const child = startRehearsal(folder)
    child.stdout.resume()
    await new Promise<void>((resolve) => {
      child.stderr.on('data', (chunk: Buffer) => {
        if (chunk.toString().includes('deploying the base')) resolve()
      })
      child.once('close', () => resolve())
    })
    assert.ok(machinesOf(child.pid).length > 0, 'machines were up')
    const gone = new Promise((resolve) => void child.once('close', resolve))
    child.kill('SIGKILL')
    await gone
    const until = Date.now() + 20_000
    while (machinesOf(child.pid).length > 0 && Date.now() < until)
      await new Promise((resolve) => void setTimeout(resolve, 100))
    assert.equal(machinesOf(child.pid), [])
    // What is left but machines goes when another one is opened, which another test may have done.
    await closeEnclosure(await openEnclosure(join(folder, 'lab')))
    assert.equal(leftBehind(), [])
  }),
)

test.run()
