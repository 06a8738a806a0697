import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { entriesText } from '../../scripts/lib/bundle/entry.ts'
import type { Rendering, Way } from '../../scripts/lib/bundle/rendering.ts'
import { ownHosts } from '../../scripts/lib/rollout/order.ts'
import type { Rollout, Step } from '../../scripts/lib/rollout/rollout.ts'
import { refusals, rolled, shape, threeNodes } from './lab.ts'
import { type PartSketch, rendering } from './sketch.ts'

const address = (host: string) => `192.0.2.${host.charCodeAt(host.length - 1)}`

/** Every host is reached by one address over its public network, unless `ways` says otherwise. */
function reached(side: Rendering, ways: Readonly<Record<string, Partial<Way>>> = {}): Rendering {
  const hosts = Object.entries(side.hosts).map(([host, bundle]) => {
    const carriers = [{ net: `net:public@${host}`, interface: 'vmbr0' }]
    return [host, { ...bundle, way: { ...bundle.way, addresses: [address(host)], carriers, ...ways[host] } }] as const
  })
  return { ...side, hosts: Object.fromEntries(hosts) }
}

const touched = (rollout: Rollout) =>
  rollout.waves.flat().flatMap(({ part, ways }) => ways.map(({ host }) => `${part}@${host}`))
const wayOf = (step: Step | undefined) => {
  const [way] = step?.ways ?? []
  return way === undefined
    ? null
    : { keeps: entriesText(way.keeps), opens: entriesText(way.opens), closes: entriesText(way.closes) }
}

test('a step touches a way in where it takes its carrier away, by the interface above it too', () => {
  const young = threeNodes({ interfaces: 'young', 'tinc.cluster': 'young', keepalived: 'young' })
  const rollout = rolled(reached(threeNodes()), reached(young), { last: ['pve1'] })
  assert.equal(touched(rollout), ['interfaces@pve2', 'interfaces@pve3', 'interfaces@pve1'])
  const [way] = rollout.waves.flat().at(-1)?.ways ?? []
  assert.equal(way?.carriers, [{ net: 'net:public@pve1', interface: 'vmbr0' }])
})

const access = (hosts: readonly string[], files: string, layer: PartSketch['layer'] = 5) =>
  rendering(hosts.map((host): PartSketch => ({ host, part: 'sshd', layer, files })))

test('what decides who comes in touches the way, whatever it interrupts; what does not, does not', () => {
  const step = (layer: PartSketch['layer']) =>
    rolled(reached(access(['a'], 'old', layer)), reached(access(['a'], 'young', layer)))
  assert.equal(touched(step(5)), ['sshd@a'])
  assert.equal(touched(step(7)), ['sshd@a'])
  assert.equal(touched(step(4)), [])
})

test('whatever takes the carrier away touches the way, of whichever layer it is', () => {
  const side = (files: string, interrupts: string) =>
    reached(rendering([{ host: 'a', part: 'tuning', layer: 1, files, effect: { interrupts: [interrupts] } }]))
  const through = (id: string) => touched(rolled(side('old', id), side('young', id)))
  assert.equal(through('net:public@a'), ['tuning@a'])
  assert.equal(through('net:cluster@a'), [])
})

test('of hosts that have nothing to do with each other one gets it first, alone, and the others wait for it', () => {
  const hosts = ['a', 'b', 'c', 'd']
  const [before, after] = [access(hosts, 'old'), access(hosts, 'young')]
  const rollout = rolled(reached(before), reached(after), { last: ['a'] })
  assert.equal(shape(rollout), [['sshd@b'], ['sshd@c', 'sshd@d', 'sshd@a']])
  assert.equal(rollout.waves[0]?.[0]?.because, [
    'b gets sshd first, alone: where it locks the deployer out, c, d, a are not touched',
  ])
  // Nobody comes in by a way that is not there.
  assert.is(rolled(before, after).waves.length, 1)
  const motd = (files: string) => reached(access(hosts, files, 1))
  assert.is(rolled(motd('old'), motd('young')).waves.length, 1)
})

test('a new address is to answer from the last step on that touches the way, an old one until the first', () => {
  const both = { b: { addresses: ['192.0.2.1', '192.0.2.2'] } }
  const one = { b: { addresses: ['192.0.2.1'] } }
  const side = (files: string) =>
    rendering([
      { host: 'b', part: 'sshd', layer: 5, files },
      { host: 'b', part: 'interfaces', layer: 7, files },
    ])
  const there = rolled(reached(side('old'), one), reached(side('young'), both)).waves.flat()
  assert.equal(there.map(wayOf), [
    { keeps: '192.0.2.1 port 22', opens: '', closes: '' },
    { keeps: '192.0.2.1 port 22', opens: '192.0.2.2 port 22', closes: '' },
  ])
  const back = rolled(reached(side('old'), both), reached(side('young'), one)).waves.flat()
  const closing = { keeps: '192.0.2.1 port 22', opens: '', closes: '192.0.2.2 port 22' }
  assert.equal(back.map(wayOf), [closing, closing])
})

test('a way that is swapped for another one is refused, unless it is accepted for that host', () => {
  const sides = [
    reached(access(['b', 'c'], 'old')),
    reached(access(['b', 'c'], 'young'), { b: { port: 2222 }, c: { port: 2222, otherPorts: [22] } }),
  ] as const
  const refused = refusals(...sides)
  assert.equal(
    refused.map(({ host, group }) => [host, group]),
    [['b', 'way@b']],
  )
  assert.match(refused[0]?.why ?? '', 'knows only 192.0.2.98 port 2222: at no time would both work')
  const accepted = rolled(...sides, { acceptOutage: ['way@b'] })
  assert.equal(wayOf(accepted.waves[0]?.[0]), {
    keeps: '',
    opens: '192.0.2.98 port 2222',
    closes: '192.0.2.98 port 22',
  })
})

test('another user is another way, and where no step touches the way nothing is refused', () => {
  const admin = { b: { user: 'admin' } }
  assert.is(refusals(reached(access(['b'], 'old')), reached(access(['b'], 'young'), admin)).length, 1)
  assert.is(rolled(reached(access(['b'], 'old')), reached(access(['b'], 'old'), admin)).waves.length, 0)
})

test('a host that comes is reached by the way that it is to have', () => {
  const [step] = rolled(rendering([]), reached(access(['b'], 'new'))).waves.flat()
  assert.equal(wayOf(step), { keeps: '192.0.2.98 port 22', opens: '', closes: '' })
})

test('a host whose manifest does not say what carries its way is taken by its layers', () => {
  const side = (files: string) => {
    const whole = reached(threeNodes({ interfaces: files }))
    const hosts = Object.entries(whole.hosts).map(([host, { way, ...bundle }]) => {
      const { carriers: _, ...rest } = way
      return [host, { ...bundle, way: rest }] as const
    })
    return { ...whole, hosts: Object.fromEntries(hosts) }
  }
  assert.is(touched(rolled(side('old'), side('young'))).length, 3)
})

test('the deployer is known by its name, short or whole, and by its addresses; a guest brings its node along', () => {
  const lab = reached(access(['pve1', 'pve2', 'dns1'], 'x'), {
    dns1: { addresses: ['10.0.1.53'], via: ['pve2', 'pve1'] },
  })
  const own = (hostname: string, ...addresses: readonly string[]) => ownHosts(lab, { hostname, addresses })
  assert.equal(own('pve1'), ['pve1'])
  assert.equal(own('pve1.example.lab'), ['pve1'])
  assert.equal(own('runner', '127.0.0.1', address('pve2')), ['pve2'])
  assert.equal(own('dns1'), ['dns1', 'pve2'])
  assert.equal(own('runner', '10.0.1.53'), ['dns1', 'pve2'])
  assert.equal(own('pve', '127.0.0.1', '192.0.2.1'), [])
})

test.run()
