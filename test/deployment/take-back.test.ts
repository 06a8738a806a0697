import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startBench, type Bench } from './bench.ts'
import { smallRendering, web } from './small-lab.ts'

const test = suite<{ bench: Bench }>('taking back what was not ours')

const one = smallRendering({ body: 'one' })
/** Accepted on n1 and n2, and refused by n3's checker. */
const refusedLast = smallRendering({ body: 'two' }, { n3: { body: '# embedded: refuse' } })
/** As wanted on n1 and n2, and a probe that fails on n3. */
const bad = smallRendering({ body: 'two' }, { n3: { asks: 'missing.service' } })

test.before.each(async (context) => {
  context.bench = await startBench(one, 20, [web])
})
test.after.each(async ({ bench }) => {
  await bench.close()
})

const path = (bench: Bench, host: string) => join(bench.lab.folder(host), '/etc/web/web.conf')
const runsByHand = (bench: Bench, host: string) => {
  writeFileSync(path(bench, host), 'mine\n')
  writeFileSync(join(bench.lab.folder(host), 'run/sim/units/web.service'), 'ActiveState=active\n')
}

test('a step that adopted a file is not taken back: that would remove the file, and stop the service', async ({
  bench,
}) => {
  for (const host of ['n1', 'n2', 'n3']) runsByHand(bench, host)
  const outcome = await bench.deploy(refusedLast, { adopt: true })
  assert.is(outcome.exit, 4, JSON.stringify(outcome.failure))
  assert.match(outcome.failure?.now ?? '', 'n1:/etc/web/web.conf')
  assert.match(outcome.failure?.now ?? '', 'kept in /var/lib/quorate/adopted')
  assert.is(readFileSync(path(bench, 'n1'), 'utf8'), 'two\n')
  assert.is(readFileSync(path(bench, 'n3'), 'utf8'), 'mine\n', 'the refused step was not begun')
  assert.match(readFileSync(join(bench.lab.folder('n1'), 'run/sim/units/web.service'), 'utf8'), 'ActiveState=active')
})

test('a step that overwrote an edited file is not said to be taken back', async ({ bench }) => {
  assert.is((await bench.deploy(one)).exit, 0)
  writeFileSync(path(bench, 'n1'), 'by hand\n')
  const outcome = await bench.deploy(bad, { override: ['n1:/etc/web/web.conf'] })
  assert.is(outcome.exit, 4, JSON.stringify(outcome.failure))
  assert.match(outcome.failure?.now ?? '', 'n1:/etc/web/web.conf')
  assert.not.match(outcome.failure?.now ?? '', 'as before')
})

test('steps that overwrote only our own files are taken back', async ({ bench }) => {
  assert.is((await bench.deploy(one)).exit, 0)
  const outcome = await bench.deploy(bad)
  assert.is(outcome.exit, 3, JSON.stringify(outcome.failure))
  for (const host of ['n1', 'n2', 'n3']) assert.is(readFileSync(path(bench, host), 'utf8'), 'one\n')
})

test.run()
