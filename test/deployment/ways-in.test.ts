import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { renderers } from '../../renderers/index.ts'
import type { Entry } from '../../scripts/lib/bundle/entry.ts'
import type { Rendering } from '../../scripts/lib/bundle/rendering.ts'
import type { DeployRequest } from '../../scripts/lib/deployment/request.ts'
import { startBench, type Bench } from './bench.ts'
import { doorLab, old, young } from './door-lab.ts'

interface Doors {
  readonly bench: Bench
  /** Where n1 was come in at, each once, in order. */
  readonly entered: Entry[]
  /** Deploys to hosts that were reached as `former` says. */
  deploy(target: Rendering, former: Rendering, more?: Partial<DeployRequest>): ReturnType<Bench['deploy']>
}

const test = suite<Doors>('ways in')

const start = doorLab({})
const nodes = ['n1', 'n2', 'n3']

test.before.each(async (context) => {
  const everywhere = [young, old].flatMap((address) => [22, 2222].map((port) => ({ address, port })))
  const besides = {
    n1: everywhere,
    n2: [{ address: '203.0.113.12', port: 2222 }],
    n3: [{ address: '192.0.2.13', port: 2222 }],
  }
  const bench = await startBench(start, 20, renderers, { configured: true, connectMs: 3000, besides })
  const entered: Entry[] = []
  Object.assign(context, {
    bench,
    entered,
    deploy: (target: Rendering, former: Rendering, more: Partial<DeployRequest> = {}) =>
      bench.deploy(target, {
        formerWays: Object.fromEntries(Object.values(former.hosts).map(({ host, way }) => [host, way])),
        connect: async (host, way) => {
          const remote = await bench.connect(host, way)
          if (host === 'n1') entered.push(remote.entry)
          return remote
        },
        ...more,
      }),
  } satisfies Doors)
  await adopt(context)
})
test.after.each(async ({ bench }) => {
  await bench.close()
})

/** The hosts are as the definition says, and nothing has to be done on them. */
async function adopt({ deploy, entered, bench }: Doors): Promise<void> {
  const outcome = await deploy(start, start)
  assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
  entered.length = 0
  bench.events.length = 0
}

const at = (entries: readonly Entry[]) => [...new Set(entries.map(({ address, port }) => `${address}:${port}`))]
const interfaces = ({ bench }: Doors) => readFileSync(join(bench.lab.folder('n1'), 'etc/network/interfaces'), 'utf8')
/** The provider does not bring the second address to n1. */
const unroute = ({ bench }: Doors) => {
  writeFileSync(join(bench.lab.folder('n1'), 'run/sim/routed'), '')
}
const reverts = ({ bench }: Doors) => bench.events.flatMap((event) => (event.kind === 'reverted' ? [event.detail] : []))

test('an address moves in two steps: the new one beside the old one, and then without it', async (doors) => {
  const both = doorLab({ addresses: [old, young] })
  const first = await doors.deploy(both, start)
  assert.is(first.exit, 0, JSON.stringify(first.failure))
  assert.equal(at(doors.entered), [`${old}:22`, `${young}:22`], 'it came in at both before the step was confirmed')
  doors.entered.length = 0
  const only = doorLab({ addresses: [young] })
  const second = await doors.deploy(only, both)
  assert.is(second.exit, 0, JSON.stringify(second.failure))
  assert.not.match(interfaces(doors), old)
  doors.entered.length = 0
  assert.is((await doors.deploy(only, only)).exit, 0)
  assert.equal(at(doors.entered), [`${young}:22`])
})

test('a new address that nobody comes in by is taken back, though the old one still works', async (doors) => {
  unroute(doors)
  const outcome = await doors.deploy(doorLab({ addresses: [old, young] }), start)
  assert.is(outcome.exit, 3, JSON.stringify(outcome.failure))
  assert.match(outcome.failure?.what ?? '', `n1 does not let the deployer in at ${young} port 22`)
  assert.equal(reverts(doors), ['reverted by the deployer'])
  assert.not.match(interfaces(doors), young)
})

test('an address is not given up while the one that stays does not answer', async (doors) => {
  const both = doorLab({ addresses: [old, young] })
  assert.is((await doors.deploy(both, start)).exit, 0)
  unroute(doors)
  const outcome = await doors.deploy(doorLab({ addresses: [young] }), both)
  assert.is(outcome.exit, 4)
  assert.match(outcome.failure?.what ?? '', /which is all that the step would leave/)
  assert.match(interfaces(doors), old)
})

test('one address instead of another is refused: at no time would both work', async (doors) => {
  const outcome = await doors.deploy(doorLab({ addresses: [young] }), start)
  assert.is(outcome.exit, 4)
  assert.match(
    outcome.failure?.what ?? '',
    `the deployer comes to n1 at ${old} port 22, and the new definition knows only ${young} port 22`,
  )
  assert.match(outcome.failure?.next ?? '', '--accept-outage way@n1')
  assert.not.match(interfaces(doors), young)
})

test('accepted, it is come in at the old address before and at the new one after', async (doors) => {
  const target = doorLab({ addresses: [young] })
  const outcome = await doors.deploy(target, start, { acceptOutage: ['way@n1'] })
  assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
  assert.equal(at(doors.entered), [`${old}:22`, `${young}:22`])
  assert.not.match(interfaces(doors), old)
})

test("accepted, and nobody comes in at the new address: the host's own timer brings the old one back", async (doors) => {
  unroute(doors)
  const outcome = await doors.deploy(doorLab({ addresses: [young] }), start, { acceptOutage: ['way@n1'] })
  assert.is(outcome.exit, 3, JSON.stringify(outcome.failure))
  assert.equal(reverts(doors), ['reverted by its own timer'])
  assert.match(interfaces(doors), old)
  assert.is((await doors.deploy(start, start)).exit, 0)
})

test('the port of sshd moves in two steps, on one host after the other', async (doors) => {
  const both = doorLab({ port: [22, 2222], listens: [22, 2222] })
  const first = await doors.deploy(both, start)
  assert.is(first.exit, 0, JSON.stringify(first.failure))
  assert.equal(at(doors.entered), [`${old}:22`, `${old}:2222`])
  doors.entered.length = 0
  const second = await doors.deploy(doorLab({ port: 2222, listens: [2222] }), both)
  assert.is(second.exit, 0, JSON.stringify(second.failure))
  assert.is(second.steps.length, nodes.length)
  assert.is(doors.entered.at(-1)?.port, 2222)
})

test('a deployer that runs on a host of the lab goes there last, and says before that the host may take it along', async (doors) => {
  const target = doorLab({ listens: [22, 2222] })
  assert.is((await doors.deploy(target, start, { last: ['n1'], own: ['n1'], apply: false })).exit, 0)
  const planned = doors.bench.events.flatMap((event) => (event.kind === 'planned' ? event.rollout.waves.flat() : []))
  assert.equal(
    planned.map(({ writes }) => writes[0]?.host),
    ['n2', 'n3', 'n1'],
  )
  const waiting = doors.bench.events.flatMap((event) => (event.kind === 'waiting' ? [event.detail] : []))
  assert.match(waiting.join('\n'), /this run is on n1, .* and step 3 may end it: that counts as a kill/)
})

test('another port in the definition alone is refused where the hosts do not answer there', async (doors) => {
  const unsaid = doorLab({ listens: [] })
  assert.is((await doors.deploy(unsaid, start)).exit, 0)
  const outcome = await doors.deploy(doorLab({ port: 2222, listens: [] }), unsaid)
  assert.is(outcome.exit, 4)
  assert.match(outcome.failure?.what ?? '', /n1 does not let the deployer in at \S+ port 2222/)
  assert.match(outcome.failure?.next ?? '', /no step of this rollout makes n1 answer there/)
})

test('another port in the definition alone is taken where the hosts answer there already', async (doors) => {
  const both = doorLab({ listens: [22, 2222] })
  assert.is((await doors.deploy(both, start)).exit, 0)
  const moved = await doors.deploy(doorLab({ port: 2222, listens: [22, 2222] }), both)
  assert.is(moved.exit, 0, JSON.stringify(moved.failure))
})

test('a place whose key is not pinned is not opened: nobody could tell who answers there', async (doors) => {
  const stranger = '198.51.100.55'
  const outcome = await doors.deploy(doorLab({ addresses: [old, stranger] }), start)
  assert.is(outcome.exit, 4)
  assert.match(outcome.failure?.what ?? '', `${stranger}) is not pinned`)
  assert.not.match(interfaces(doors), stranger)
})

test.run()
