import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Effect } from '../../renderers/renderer.ts'
import type { Step } from '../../scripts/lib/rollout/rollout.ts'
import { assertContract } from '../contracts/contract.ts'
import { planned, refusals, renderer, rolled, shape, threeNodeGroups, threeNodes } from './lab.ts'
import { type GroupSketch, type PartSketch, rendering } from './sketch.ts'

const quiet: Effect = { acts: [], interrupts: [], maxSeconds: 0 }

function nodes(names: readonly string[], text: string): ReturnType<typeof rendering> {
  const parts = names.map((host): PartSketch => {
    const effect = { interrupts: [`tinc.cluster@${host}`], maxSeconds: 5 }
    return { host, part: 'tinc.cluster', layer: 4, files: text, effect }
  })
  const stay = names.map((host): PartSketch => ({ host, part: 'corosync', layer: 8, reach: 'cluster' }))
  const groups = threeNodeGroups(names).filter((group) => ['tinc.cluster', 'corosync'].includes(group.id))
  return rendering([...parts, ...stay], groups)
}

test('no changes make an empty rollout', () => {
  assert.equal(rolled(threeNodes(), threeNodes()).waves, [])
})

test('a bare lab gets its carriers first, and each group is asked once the last of it is in place', () => {
  const rollout = rolled(rendering([]), threeNodes())
  const steps = rollout.waves.flat()
  assert.equal(
    steps.map((step) => step.part),
    [
      ...Array.from({ length: 3 }, () => 'interfaces'),
      ...Array.from({ length: 3 }, () => 'keepalived'),
      ...Array.from({ length: 3 }, () => 'tinc.cluster'),
      'corosync',
    ],
  )
  assert.equal(
    steps.map((step) => step.whole.join()),
    ['', '', 'interfaces', '', '', 'keepalived.services', '', '', 'tinc.cluster', 'corosync'],
  )
  assert.ok(steps.every((step) => step.gate.length === 0 && step.interrupts.length === 0 && step.groups.length === 0))
})

test('what is cheap to lose goes first, and one after the other: router, VPN under the quorum, interfaces', () => {
  const young = threeNodes({ interfaces: 'young', keepalived: 'young', 'tinc.cluster': 'young' })
  assert.equal(shape(rolled(threeNodes(), young)), [
    ['keepalived@pve3'],
    ['keepalived@pve2'],
    ['keepalived@pve1'],
    ['tinc.cluster@pve1'],
    ['tinc.cluster@pve2'],
    ['tinc.cluster@pve3'],
    ['interfaces@pve2'],
    ['interfaces@pve3'],
    ['interfaces@pve1'],
  ])
})

test('what carries the master of a router comes after what carries the backups, and says why', () => {
  const rollout = rolled(threeNodes(), threeNodes({ interfaces: 'young' }))
  assert.equal(shape(rollout).at(-1), ['interfaces@pve1'])
  assert.match(rollout.waves.at(-1)?.[0]?.because.join() ?? '', /pve1 comes last: it is in charge of keepalived/)
})

test('a host to come last is last in its layer, and the step says why', () => {
  const rollout = rolled(threeNodes(), threeNodes({ 'tinc.cluster': 'young' }), { last: ['pve1'] })
  assert.equal(shape(rollout), [['tinc.cluster@pve2'], ['tinc.cluster@pve3'], ['tinc.cluster@pve1']])
  assert.match(rollout.waves[2]?.[0]?.because.join() ?? '', /pve1 comes last/)
})

test('a VPN that carries a quorum is of layer 6, and says so', () => {
  const step = rolled(threeNodes(), threeNodes({ 'tinc.cluster': 'young' })).waves[0]?.[0]
  assert.is(step?.layer, 6)
  assert.match(step?.because.join() ?? '', /carries a quorum/)
})

test('the numbers of a step: three votes, two meanwhile, none to spare', () => {
  const step = rolled(threeNodes(), threeNodes({ 'tinc.cluster': 'young' })).waves[0]?.[0] as Step
  assert.equal(step.groups[0], { group: 'corosync', kind: 'quorum', before: 3, during: 2, needs: 2, margin: 0 })
  assert.equal(step.gate, ['corosync', 'tinc.cluster'])
  assert.equal(step.affects, ['pve1'])
  assert.equal(step.interrupts, ['corosync@pve1', 'net:cluster@pve1', 'tinc.cluster@pve1'])
})

test('five votes leave one host to spare', () => {
  const names = ['a', 'b', 'c', 'd', 'e']
  const step = rolled(nodes(names, 'old'), nodes(names, 'young')).waves[0]?.[0]
  assert.is(step?.groups.find((margin) => margin.group === 'corosync')?.margin, 1)
})

test('two nodes without a third vote are refused, with the group, the numbers and ways out', () => {
  const found = refusals(nodes(['a', 'b'], 'old'), nodes(['a', 'b'], 'young'))
  assert.is(found.length, 2)
  assert.is(found[0]?.group, 'corosync')
  assert.is(found[0]?.why, 'changing tinc.cluster on a takes corosync from 2 to 1 of 2 votes (needs 2)')
  assert.match(found[0]?.waysOut.join('; ') ?? '', /one more vote.*--accept-outage corosync/)
  assertContract('rollout', { format: 1, kind: 'refused', refusals: found })
})

test('an accepted outage goes on, one host at a time, and its margin says that it falls below', () => {
  const rollout = rolled(nodes(['a', 'b'], 'old'), nodes(['a', 'b'], 'young'), { acceptOutage: ['corosync'] })
  assert.equal(shape(rollout), [['tinc.cluster@a'], ['tinc.cluster@b']])
  assert.is(rollout.waves[0]?.[0]?.groups[0]?.margin, -1)
})

test('accepting an outage of one group accepts no other', () => {
  const order = { acceptOutage: ['tinc.cluster'] }
  assert.is(refusals(nodes(['a', 'b'], 'old'), nodes(['a', 'b'], 'young'), order)[0]?.group, 'corosync')
})

test('a cluster-wide file on disks is one step: written everywhere, told on the first host that need not come last', () => {
  const rollout = rolled(threeNodes(), threeNodes({ corosync: 'young' }), { last: ['pve1'] })
  assert.equal(shape(rollout), [['corosync@pve2+pve3+pve1']])
  const writes = rollout.waves[0]?.[0]?.writes ?? []
  assert.equal(
    writes.map((write) => [write.changes.length, write.acts.length]),
    [
      [1, 1],
      [1, 0],
      [1, 0],
    ],
  )
})

function shared(text: string, hosts: readonly string[]) {
  const parts = hosts.map((host): PartSketch => ({
    host,
    part: 'conf',
    reach: 'cluster',
    store: 'pmxcfs',
    files: text,
  }))
  return rendering(parts)
}

test('a file on pmxcfs is written by one host; the others only record it', () => {
  const step = rolled(shared('old', ['a', 'b']), shared('young', ['a', 'b'])).waves[0]?.[0]
  assert.equal(
    step?.writes.map((write) => write.changes.length),
    [1, 0],
  )
})

test('a host that leaves does not take the shared file away from those that stay', () => {
  const step = rolled(shared('old', ['a', 'b']), shared('old', ['b'])).waves[0]?.[0]
  assert.equal(
    step?.writes.map((write) => write.changes.length),
    [0],
  )
})

test('a transition that knows no way is a refusal with its reason and the way by hand', () => {
  const none = renderer('tinc', {
    kind: 'refuse',
    why: 'the cipher changes',
    manual: 'stop all, change all, start all',
  })
  const found = refusals(threeNodes(), threeNodes({ 'tinc.cluster': 'young' }), {}, [none])
  assert.equal(found, [
    {
      group: null,
      service: 'tinc',
      part: 'tinc.cluster',
      host: 'pve1',
      why: 'the cipher changes',
      waysOut: ['stop all, change all, start all'],
    },
  ])
})

test('a transition that knows no way refuses nothing that does not change', () => {
  const none = renderer('tinc', { kind: 'refuse', why: '', manual: '' })
  assert.is(planned(threeNodes(), threeNodes({ keepalived: 'young' }), {}, [none]).kind, 'rollout')
})

test('effects of a transition stand for the own ones of the files, on the hosts that they name', () => {
  const effects = { pve1: { 'tinc.cluster': quiet } }
  const rollout = rolled(threeNodes(), threeNodes({ 'tinc.cluster': 'young' }), {}, [
    renderer('tinc', { kind: 'rolling', effects }),
  ])
  assert.equal(
    rollout.waves.flat().map((step) => step.interrupts.length),
    [0, 3, 3],
  )
})

test('settings of another version of the renderer are not compared; hosts go one at a time by what their files say', () => {
  const side = (files: string, version: number) =>
    rendering(['a', 'b'].map((host) => ({ host, part: 'motd', files, version })))
  const broken = renderer('motd', { kind: 'refuse', why: 'never asked', manual: '' }, 2)
  assert.equal(shape(rolled(side('old', 1), side('young', 2), {}, [broken])), [['motd@a'], ['motd@b']])
  const same = renderer('motd', { kind: 'rolling' }, 1)
  assert.equal(shape(rolled(side('old', 1), side('young', 1), {}, [same])), [['motd@a', 'motd@b']])
})

test('a cluster-wide file of another version is refused', () => {
  const side = (files: string, version: number) =>
    rendering(['a', 'b'].map((host) => ({ host, part: 'conf', files, version, reach: 'cluster' as const })))
  assert.match(
    refusals(side('old', 1), side('young', 2), {}, [renderer('conf', { kind: 'rolling' }, 2)])[0]?.why ?? '',
    /version/,
  )
})

test('a part that leaves is told its farewell, takes its member with it and goes after those who needed it', () => {
  const farewell = { acts: [{ unit: 'old', do: 'stop' as const }] }
  const user = (files: string): PartSketch => ({ host: 'a', part: 'user', layer: 8, files })
  const before = rendering(
    [{ host: 'a', part: 'old', layer: 1, onRemove: farewell }, user('old')],
    [
      { id: 'old', minimum: 0, members: [{ id: 'old@a', provides: ['net:x@a'] }] },
      { id: 'user', minimum: 0, members: [{ id: 'user@a', needs: [['net:x@a']] }] },
    ],
  )
  const after = rendering([user('young')], [{ id: 'user', minimum: 0, members: [{ id: 'user@a' }] }])
  const rollout = rolled(before, after)
  assert.equal(shape(rollout), [['user@a'], ['old@a']])
  assert.equal(rollout.waves[1]?.[0]?.writes[0]?.acts, farewell.acts)
  assert.ok(rollout.waves[1]?.[0]?.interrupts.includes('old@a'))
})

test('a file that leaves a part which stays sets off what a change of it did', () => {
  const effect = { acts: [{ unit: 'serve', do: 'reload' as const }] }
  const side = (files: Record<string, string>) => rendering([{ host: 'a', part: 'serve', files, effect }])
  const step = rolled(side({ '/etc/a': 'x', '/etc/b': 'x' }), side({ '/etc/a': 'x' })).waves[0]?.[0]
  assert.equal(step?.writes[0]?.acts, effect.acts)
})

test('a node that joins is set up before its peers are told, and its group is asked in full after the last of them', () => {
  const rollout = rolled(nodes(['a', 'b', 'c'], 'old'), nodes(['a', 'b', 'c', 'd'], 'young'))
  const steps = rollout.waves.flat().filter((step) => step.part === 'tinc.cluster')
  assert.is(steps[0]?.writes[0]?.host, 'd')
  assert.equal(
    steps.map((step) => step.completes.includes('tinc.cluster')),
    [false, false, false, true],
  )
})

test('a rollout that an earlier one left unfinished is not gated by the group that is not whole yet', () => {
  const whole = (hosts: readonly string[]) =>
    hosts.flatMap((host): PartSketch[] => [
      { host, part: 'corosync', reach: 'cluster', layer: 8 },
      { host, part: 'corosync.unit', layer: 8 },
    ])
  const group = threeNodeGroups(['a', 'b', 'c']).filter(({ id }) => id === 'corosync')
  const half = rendering(
    whole(['a', 'b', 'c']).filter((part) => part.part === 'corosync'),
    group,
  )
  const rollout = rolled(half, rendering(whole(['a', 'b', 'c']), group))
  assert.ok(rollout.waves.flat().every((step) => step.gate.length === 0))
  assert.equal(rollout.waves.at(-1)?.[0]?.completes, ['corosync'])
})

test('a lost host has no vote: what five bear, three of four do not', () => {
  const names = ['a', 'b', 'c', 'd', 'e']
  const five = rolled(nodes(names, 'old'), nodes(names, 'young'), { lost: ['e'], acceptOutage: ['tinc.cluster'] })
  const step = five.waves[0]?.[0]
  assert.equal(step?.groups[0], { group: 'corosync', kind: 'quorum', before: 4, during: 3, needs: 3, margin: 0 })
  assert.equal(step?.missing, ['corosync@e', 'tinc.cluster@e'])
  const found = refusals(threeNodes(), threeNodes({ 'tinc.cluster': 'young' }), { lost: ['pve3'] })
  assert.ok(found.some(({ why }) => why.includes('takes corosync from 2 to 1 of 3 votes (needs 2)')))
})

test('a group that lost hosts left without a majority is not forgotten: what touches it is refused', () => {
  const found = refusals(threeNodes(), threeNodes({ 'tinc.cluster': 'young' }), { lost: ['pve2', 'pve3'] })
  assert.ok(found.some(({ group }) => group === 'corosync'))
})

test('interruptions of different acts add up, those of the same act do not', () => {
  const effects = [
    { unit: 'a', do: 'reload' },
    { unit: 'b', do: 'restart' },
  ] as const
  const side = (text: string) => {
    const one = rendering([{ host: 'h', part: 'p', files: { '/1': text, '/2': text, '/3': text } }])
    const part = one.hosts['h']?.parts[0]
    const files = part?.files.map((file, index) => {
      const onChange = { acts: [effects[index === 2 ? 1 : 0]], interrupts: [], maxSeconds: 3 }
      return { ...file, onChange }
    })
    return { ...one, hosts: { h: { ...one.hosts['h'], parts: [{ ...part, files }] } } } as typeof one
  }
  assert.is(rolled(side('old'), side('young')).waves[0]?.[0]?.maxSeconds, 6)
})

test('the document is what its contract says, and the digest covers everything else', () => {
  const rollout = rolled(threeNodes(), threeNodes({ keepalived: 'young' }))
  assertContract('rollout', { format: 1, kind: 'rollout', rollout })
  assert.match(rollout.digest, /^[0-9a-f]{64}$/)
  assert.is.not(rollout.digest, rolled(threeNodes(), threeNodes({ keepalived: 'other' })).digest)
})

/** Voters that are away while their own file changes. */
function voters(votes: Readonly<Record<string, number>>, text: string, parts: readonly string[] = ['vote']) {
  const all = Object.values(votes).reduce((sum, each) => sum + each, 0)
  const own = Object.keys(votes).flatMap((host) =>
    parts.map((part): PartSketch => {
      const effect = { interrupts: [`vote@${host}`] }
      return { host, part, layer: 8, files: text, effect, onRemove: effect, settings: text }
    }),
  )
  const members = Object.entries(votes).map(([host, each]) => {
    return { id: `vote@${host}`, votes: each, needs: [[`net:x@${host}`]] }
  })
  return { parts: own, group: { id: 'vote', kind: 'quorum' as const, minimum: Math.floor(all / 2) + 1, members } }
}

/** A VPN that takes down its network while it changes. */
function vpn(name: string, texts: Readonly<Record<string, string>>) {
  const hosts = Object.keys(texts)
  const parts = Object.entries(texts).map(([host, files]): PartSketch => {
    return { host, part: name, layer: 4, files, effect: { interrupts: [`${name}@${host}`] } }
  })
  const members = hosts.map((host) => ({ id: `${name}@${host}`, provides: [`net:${name}@${host}`] }))
  return { parts, group: { id: name, minimum: 0, members } }
}

interface Service {
  readonly parts: readonly PartSketch[]
  readonly group: GroupSketch
}

function lab(...services: readonly Service[]) {
  return rendering(
    services.flatMap(({ parts }) => parts),
    services.map(({ group }) => group),
  )
}

test('while some voters have the old votes and some the new, both majorities have to hold', () => {
  const old = lab(voters({ a: 1, b: 1, c: 1 }, 'old'))
  const found = refusals(old, lab(voters({ a: 3, b: 1, c: 1 }, 'young')))
  // Without a two old votes of three are enough, but not two new ones of five.
  assert.equal(
    found.map(({ why }) => why),
    ['changing vote on a takes vote from 5 to 2 of 5 votes (needs 3)'],
  )
})

test('until a group changes it has its old votes and its old minimum, smaller ones count later', () => {
  const nets = (text: string) => vpn('x', { a: text, b: 'x', c: 'x' })
  const old = lab(nets('old'), voters({ a: 2, b: 2, c: 3 }, 'old'))
  const step = rolled(old, lab(nets('young'), voters({ a: 1, b: 1, c: 1 }, 'young'))).waves[0]?.[0]
  const vote = { group: 'vote', kind: 'quorum', before: 7, during: 5, needs: 4, margin: 0 }
  assert.equal(step?.groups[0], vote)
  const pool = (minimum: number, text: string) => {
    const { parts, group } = vpn('x', { a: text, b: text })
    return rendering(parts, [{ ...group, minimum }])
  }
  assert.match(refusals(pool(2, 'old'), pool(1, 'young'))[0]?.why ?? '', 'from 2 to 1 of 2 members (needs 2)')
})

test('a pool that shrinks keeps its new minimum from the step on that takes a member away', () => {
  const side = (...hosts: string[]) => vpn('x', Object.fromEntries(hosts.map((host) => [host, 'x'])))
  const [two, one] = [side('a', 'b'), side('a')]
  const pool = ({ parts, group }: typeof two, minimum: number) => rendering(parts, [{ ...group, minimum }])
  assert.equal(shape(rolled(pool(two, 2), pool(one, 1))), [['x@b']])
})

test('a member that leaves in two steps does not count any more after the first', () => {
  const parts = ['vote', 'vote.unit']
  const old = lab(voters({ a: 1, b: 1, c: 1, d: 1 }, 'text', parts))
  const steps = rolled(old, lab(voters({ a: 1, b: 1, c: 1 }, 'text', parts))).waves.flat()
  assert.equal(
    steps.map(({ groups }) => groups.map(({ before, during }) => [before, during])),
    [[[4, 3]], [[3, 3]]],
  )
})

test('a member that joined does not count until its group is complete, for nobody asks it before', () => {
  const young = lab(vpn('x', { a: 'young', b: 'x', c: 'x' }))
  const rollout = rolled(lab(vpn('x', { a: 'old', b: 'x' })), young)
  assert.equal(shape(rollout), [['x@c'], ['x@a']])
  const numbers = rollout.waves.flat().map(({ groups }) => groups.map(({ before, during }) => [before, during]))
  assert.equal(numbers, [[[2, 2]], [[2, 1]]])
})

test('a member that joined earlier in the rollout is interrupted like any other', () => {
  const serve = (...hosts: string[]) => {
    const members = hosts.map((host) => ({ id: `serve@${host}`, needs: [[`net:x@${host}`]] }))
    const parts = hosts.map((host): PartSketch => ({ host, part: 'serve', layer: 1 }))
    return { parts, group: { id: 'serve', minimum: 0, members } }
  }
  const old = lab(vpn('x', { a: 'x', b: 'old' }), serve('a'))
  const rollout = rolled(old, lab(vpn('x', { a: 'x', b: 'young' }), serve('a', 'b')))
  assert.equal(shape(rollout), [['serve@b'], ['x@b']])
  assert.ok(rollout.waves[1]?.[0]?.interrupts.includes('serve@b'))
})

test('a step that takes one of two ways away is gated by the other', () => {
  const { parts, group } = voters({ a: 1, b: 1, c: 1 }, 'text')
  const members = group.members.map((member) => ({ ...member, needs: [either(member.id)] }))
  const side = (text: string) =>
    lab(vpn('x', { a: text, b: 'x', c: 'x' }), vpn('y', { a: 'y', b: 'y', c: 'y' }), {
      parts,
      group: { ...group, members },
    })
  assert.equal(rolled(side('old'), side('young')).waves[0]?.[0]?.gate, ['vote', 'x', 'y'])
})

function either(id: string): readonly string[] {
  const host = id.split('@')[1] ?? ''
  return [`net:x@${host}`, `net:y@${host}`]
}

test('two parts of one member do not stand on each other: who needs the member comes after both', () => {
  const carrier = ['base', 'base.unit'].map((part): PartSketch => ({ host: 'a', part, layer: 2 }))
  const after = rendering(
    [...carrier, { host: 'a', part: 'user', layer: 1 }],
    [
      { id: 'base', minimum: 0, members: [{ id: 'base@a', provides: ['net:x@a'] }] },
      { id: 'user', minimum: 0, members: [{ id: 'user@a', needs: [['net:x@a']] }] },
    ],
  )
  assert.equal(shape(rolled(rendering([]), after)), [['base@a'], ['base.unit@a'], ['user@a']])
})

test('two voters get a third one before anything is taken from them, dear to lose or not', () => {
  const old = lab(vpn('x', { a: 'old', b: 'old' }), voters({ a: 1, b: 1 }, 'text'))
  const young = lab(vpn('x', { a: 'young', b: 'young', c: 'young' }), voters({ a: 1, b: 1, c: 1 }, 'text'))
  assert.equal(shape(rolled(old, young)), [['x@c'], ['vote@c'], ['x@a'], ['x@b']])
})

test('a lost host does not die a second time', () => {
  const side = (text: string) => {
    const hosts = ['a', 'b', 'c']
    const parts = hosts.map((host): PartSketch => {
      const effect = { interrupts: [`serve@${host}`] }
      return { host, part: 'serve', files: host === 'a' ? text : 'text', effect }
    })
    const members = hosts.map((host) => ({ id: `serve@${host}`, needs: [['net:x@b', 'net:x@c']] }))
    return rendering(parts, [{ id: 'serve', minimum: 0, members }])
  }
  // Only b is left to die: a is away already, c is lost.
  assert.is(rolled(side('old'), side('young'), { lost: ['c'] }).waves[0]?.[0]?.groups[0]?.margin, 1)
})

test.run()
