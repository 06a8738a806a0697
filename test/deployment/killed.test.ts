import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FailureError } from '../../scripts/lib/failure.ts'
import type { Connect, Remote } from '../../scripts/lib/deployment/remote.ts'
import { startBench, type Bench } from './bench.ts'
import { smallRendering, web } from './small-lab.ts'

const test = suite<{ bench: Bench }>('a deployer that is killed')

const one = smallRendering({ body: 'one' })
const two = smallRendering({ body: 'one' }, { n1: { body: 'two', more: true } })

test.before(async (context) => {
  context.bench = await startBench(one, 30, [web])
  const outcome = await context.bench.deploy(one)
  assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
})
test.after(async ({ bench }) => {
  await bench.close()
})

const gone = () => new FailureError({ what: 'killed', where: 'the deployer', now: 'dead', next: '-' }, 4)

/** After the n-th message, whose answer it does not see, nothing of this deployer reaches any host. */
function mortal(connect: Connect, at: number): { readonly connect: Connect; readonly dead: () => boolean } {
  let messages = 0
  const guarded = async <T>(does: () => Promise<T>): Promise<T> => {
    messages += 1
    if (messages > at) throw gone()
    const result = await does()
    if (messages >= at) throw gone()
    return result
  }
  const wrapped: Connect = async (host, way) => {
    if (messages >= at) throw gone()
    const remote = await connect(host, way)
    const dying: Remote = {
      ...remote,
      exec: (command, stdin, ms) => guarded(() => remote.exec(command, stdin, ms)),
      put: (files, ms) => guarded(() => remote.put(files, ms)),
    }
    return dying
  }
  return { connect: wrapped, dead: () => messages >= at }
}

const content = (bench: Bench) => readFileSync(join(bench.lab.folder('n1'), 'etc/web/web.conf'), 'utf8')

test('a killed run keeps the next one out for its lease and its timers, and says who, where and how long', async ({
  bench,
}) => {
  const { clock } = bench.lab
  const who = { owner: 'somebody', run: 'https://forge.example/runs/7' }
  const { connect, dead } = mortal(bench.connect, 16)
  const killed = bench.deploy(two, { connect, ...who })
  while (!dead()) await clock.sleep(100)
  const began = clock.now()
  const kept = await bench.deploy(two)
  assert.is(kept.exit, 5, JSON.stringify(kept.failure))
  assert.match(kept.failure?.what ?? '', who.owner)
  assert.match(kept.failure?.what ?? '', who.run)
  assert.match(kept.failure?.what ?? '', /it runs out in [0-9]+ s/)
  let next = kept
  while (next.exit === 5) {
    await clock.sleep(5000)
    next = await bench.deploy(two)
  }
  assert.is(next.exit, 0, JSON.stringify(next.failure))
  assert.ok(clock.now() - began < 200_000, `${(clock.now() - began) / 1000} s`)
  assert.is.not((await killed).exit, 0)
  assert.is((await bench.deploy(one)).exit, 0)
})

test('a host that is away at the confirmation takes the step back by its own timer', async ({ bench }) => {
  const outcome = await bench.deploy(two, {
    report: (event) => {
      if (event.kind === 'phase' && event.phase === 'probed') bench.lab.node('n1').refuse()
      if (event.kind === 'phase' && event.phase === 'probed') bench.lab.node('n1').drop({ after: 1 })
      if (event.kind === 'waiting') bench.lab.node('n1').accept()
    },
  })
  assert.is(outcome.exit, 3, JSON.stringify(outcome.failure))
  assert.is(outcome.hosts['n1']?.outcome, 'reverted')
  assert.is(content(bench), 'one\n')
})

test('a host that loses its power after the activation comes back with the old files', async ({ bench }) => {
  const { lab } = bench
  let off: Promise<void> | null = null
  const outcome = await bench.deploy(two, {
    report: (event) => {
      if (event.kind === 'phase' && event.phase === 'activated') off = lab.node('n1').kill()
      if (event.kind === 'waiting') void off?.then(() => lab.node('n1').boot())
    },
  })
  assert.ok(outcome.exit === 3 || outcome.exit === 4, JSON.stringify(outcome))
  assert.is(content(bench), 'one\n')
  const next = await bench.deploy(one)
  assert.is(next.exit, 0, JSON.stringify(next.failure))
})

test.run()
