/** Changes of a virtual router that its hosts make together, as they do not hear each other in between. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { keepalived } from '../../renderers/keepalived/index.ts'
import type { Instance, KeepalivedSettings } from '../../renderers/keepalived/settings.ts'
import type { Json, Lab, Move, PerHost } from '../../renderers/renderer.ts'
import { changed } from './changed.ts'
import { labIn } from './lab-folder.ts'

const example = await labIn('example')
const settings = keepalived.settings(example)
type All = PerHost<KeepalivedSettings>

function moves(before: All, after: All, secrets: readonly string[] = []): readonly Move[] {
  const transition = keepalived.transition(before, after, new Set(secrets))
  if (transition.kind !== 'lockstep') throw new Error(JSON.stringify(transition))
  return transition.moves
}

function refusal(before: All, after: All): string {
  const transition = keepalived.transition(before, after)
  if (transition.kind !== 'refuse') throw new Error(JSON.stringify(transition))
  assert.match(transition.manual, 'quorate deploy --adopt')
  return transition.why
}

/** Every instance of these hosts, changed. */
function each(all: All, change: (instance: Instance, host: string) => Instance, hosts = Object.keys(all)): All {
  return Object.fromEntries(
    Object.entries(all).map(([host, { kind, instances }]) => [
      host,
      { kind, instances: hosts.includes(host) ? instances.map((one) => change(one, host)) : instances },
    ]),
  )
}

const router = (key: string, value: Json): Lab =>
  changed(example, ['services', 'keepalived', 'routers', 'services', key], value)

const kept: readonly (readonly [what: string, after: All, why: RegExp])[] = [
  ['another interval', keepalived.settings(router('interval', 2)), /interval .* from 1 s to 2 s/],
  ['no password any more', keepalived.settings(router('password', false)), /password .* is taken away/],
  [
    'another virtual address',
    keepalived.settings(changed(example, ['networks', 'services', 'router', 0], '10.0.1.2')),
    /from 10\.0\.1\.1\/24 to 10\.0\.1\.2\/24/,
  ],
]
for (const [what, after, why] of kept) {
  test(`${what}: the backups stop, and the master keeps its address over a reload`, () => {
    const [move, ...others] = moves(settings, after)
    assert.is(others.length, 0)
    assert.match(move?.why ?? '', why)
    assert.is(move?.inCharge, 'pve1')
    const stop = [{ unit: 'keepalived.service', do: 'stop' }]
    assert.equal(move?.stop, { pve2: stop, pve3: stop })
    assert.equal(move?.effects['pve1']?.interrupts, [])
    assert.equal(move?.effects['pve1']?.acts.at(-1), { unit: 'keepalived.service', do: 'reload' })
    assert.equal(move?.effects['pve2']?.interrupts, ['keepalived.services@pve2'])
    assert.equal(move?.effects['pve2']?.acts.at(-1), { unit: 'keepalived.service', do: 'start' })
    assert.is(move?.apartSeconds, 2)
  })
}

const given: readonly (readonly [what: string, after: All])[] = [
  ['another id', keepalived.settings(router('id', 11))],
  ['another network', each(settings, (one) => ({ ...one, network: 'cluster', interface: 'vmbr0' }))],
]
for (const [what, after] of given) {
  test(`${what} is another instance to keepalived: the master is without its address for some seconds`, () => {
    const [move] = moves(settings, after)
    assert.equal(move?.effects['pve1']?.interrupts, ['keepalived.services@pve1'])
    assert.is(move?.effects['pve1']?.maxSeconds, 5)
  })
}

test('another password is seen by its secret only, and nobody else’s secret matters', () => {
  assert.is(keepalived.transition(settings, settings, new Set(['tinc.cluster.pve1'])).kind, 'rolling')
  const [move] = moves(settings, settings, ['keepalived.services.password'])
  assert.is(move?.why, 'the password of the router "services" changes')
})

test('a host that joins starts last: by then the master speaks to it', () => {
  const two = keepalived.settings(router('priorities', { pve1: 250, pve2: 230 }))
  const [move] = moves(two, settings)
  assert.match(move?.why ?? '', 'pve3 joins the router "services"')
  assert.is(move?.inCharge, 'pve1')
  assert.equal(Object.keys(move?.stop ?? {}), ['pve2', 'pve3'])
  assert.is(keepalived.transition(settings, two).kind, 'rolling')
})

test('a host that joins with the highest rank is not in charge yet', () => {
  const two = keepalived.settings(router('priorities', { pve2: 230, pve3: 210 }))
  assert.is(moves(two, settings)[0]?.inCharge, 'pve2')
})

test('who has the new settings already, from an earlier rollout, goes on', () => {
  const after = keepalived.settings(router('id', 11))
  const mixed = { ...settings, pve3: after['pve3'] ?? { kind: 'node', instances: [] } }
  const [move] = moves(mixed, after)
  assert.is(move?.inCharge, 'pve3')
  assert.equal(move?.effects['pve3']?.interrupts, [])
})

test('routers with a host in common move together, as one daemon plays them; others by themselves', () => {
  const hosts = ['a', 'b', 'c', 'd']
  const model = settings['pve1']?.instances[0] as Instance
  const plays = (names: Readonly<Record<string, readonly string[]>>, id: number): All =>
    Object.fromEntries(
      hosts.map((host) => [
        host,
        {
          kind: 'node',
          instances: Object.entries(names)
            .filter(([, on]) => on.includes(host))
            .map(([name, on]) => ({
              ...model,
              name,
              router: name,
              id,
              source: host,
              peers: on.filter((other) => other !== host),
              priorities: Object.fromEntries(on.map((other, index) => [other, 100 - index])),
            })),
        },
      ]),
    )
  const shape = (names: Readonly<Record<string, readonly string[]>>) =>
    moves(plays(names, 1), plays(names, 2)).map(({ inCharge, effects }) => [inCharge, Object.keys(effects)])
  assert.equal(shape({ x: ['a', 'b'], y: ['c', 'd'] }), [
    ['a', ['a', 'b']],
    ['c', ['c', 'd']],
  ])
  assert.equal(shape({ x: ['a', 'b'], y: ['c', 'd'], z: ['b', 'c'] }), [['a', ['a', 'b', 'c', 'd']]])
})

test('refused: adverts so often that a second master is up before anybody could help', () => {
  const often = each(settings, (one) => ({ ...one, interval: 0.5 }))
  assert.match(refusal(settings, often), 'with adverts every 0.5 s there is too little time')
  assert.match(refusal(often, settings), 'with adverts every 0.5 s there is too little time')
})

test('refused: a host that leaves the router in the same commit, or that is not there', () => {
  const two = keepalived.settings(router('priorities', { pve1: 250, pve2: 230 }))
  const other = each(two, (one) => ({ ...one, id: 11 }))
  assert.match(refusal(settings, other), 'pve3 leaves the router meanwhile: make that a commit of its own')
  const { pve3: _, ...before } = settings
  const { pve3: __, ...after } = each(settings, (one) => ({ ...one, id: 11 }))
  assert.match(refusal(before, after), 'pve3 has a part in it and is not there')
})

test.run()
