/** A router's password changes on simulated hosts: in turn, and whatever breaks, never for good on some of them only. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Rendering } from '../../scripts/lib/bundle/rendering.ts'
import { allOf } from '../../scripts/lib/deployment/all-of.ts'
import { disturbed, type Disturbance } from './disturbance.ts'
import { remainsOn, untilQuiet } from './remains.ts'
import { hosts, passwords, startRouterLab, type RouterLab, type Side } from './router-lab.ts'

const sideBySide = 3

const test = suite<{ labs: RouterLab[]; lab: RouterLab }>('lockstep')

test.before(async (context) => {
  context.labs = []
  await allOf(Array.from({ length: sideBySide }), async () => context.labs.push(await startRouterLab(100)))
  context.lab = context.labs[0] as RouterLab
})
test.after(async ({ labs }) => {
  await Promise.all(labs.map(({ bench }) => bench.close()))
})

const other = (side: Side): Side => (side === 'old' ? 'young' : 'old')
const now = (lab: RouterLab): Side => lab.sideOf('n1') ?? 'old'

/** Moments in which daemons ran that do not hear each other, or none did. */
function violations(side: Side, lines: readonly string[]): readonly string[] {
  const speaks = new Map<string, string>(hosts.map((host) => [host, passwords[side]]))
  return lines.flatMap((line) => {
    const [host = '', what = '', password = ''] = line.split(' ')
    if (what === 'stop') speaks.delete(host)
    else speaks.set(host, password)
    return new Set(speaks.values()).size === 1 ? [] : [`after "${line}" ${JSON.stringify([...speaks])}`]
  })
}

test('the backups stop, the master changes and keeps its address, the backups start', async ({ lab }) => {
  const before = now(lab)
  const begin = lab.told().length
  const outcome = await lab.deploy(other(before))
  assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
  const told = lab.told().slice(begin)
  assert.equal(violations(before, told), [])
  const [was, is] = [passwords[before], passwords[other(before)]]
  assert.equal(told.slice(0, 2).toSorted(), [`n2 stop ${was}`, `n3 stop ${was}`])
  assert.is(told[2], `n1 reload ${is}`)
  assert.equal(told.slice(3).toSorted(), [`n2 start ${is}`, `n3 start ${is}`])
})

/** The same files, and a part that does not get well with them. */
function unwell(rendering: Rendering): Rendering {
  const probe = { title: 'it is as it should be', run: ['test', '-e', '/nowhere'], exit: [0], withinSeconds: 2 }
  const bundles = Object.entries(rendering.hosts).map(([host, bundle]) => {
    return [host, { ...bundle, parts: bundle.parts.map((part) => ({ ...part, probe: [probe] })) }] as const
  })
  return { ...rendering, hosts: Object.fromEntries(bundles) }
}

test('what does not get well goes back in turn, too', async ({ lab }) => {
  const before = now(lab)
  const begin = lab.told().length
  const target = other(before)
  const outcome = await lab.bench.deploy(unwell(lab.sides[target]), lab.request(target))
  assert.is(outcome.exit, 3, JSON.stringify(outcome))
  const told = lab.told().slice(begin)
  assert.ok(told.includes(`n3 start ${passwords[target]}`), 'it was on all hosts')
  assert.equal(violations(before, told), [])
  assert.equal(alike(lab, before), [])
  for (const host of hosts) assert.is(outcome.hosts[host]?.outcome, 'reverted')
})

test('while one host does not answer none goes back by itself: their timers take all back together', async ({
  lab,
}) => {
  const before = now(lab)
  const target = other(before)
  const n3 = lab.bench.lab.node('n3')
  const begin = lab.told().length
  let touched: readonly string[] = []
  const outcome = await lab.bench.deploy(unwell(lab.sides[target]), {
    ...lab.request(target),
    report: (event) => {
      if (event.kind === 'phase' && event.phase === 'activated') n3.refuse()
      if (event.kind === 'phase' && event.phase === 'activated') n3.drop({ after: 1 })
      if (event.kind !== 'waiting' || !event.detail.startsWith('not all hosts answer')) return
      touched = lab.told().slice(begin)
      n3.accept()
    },
  })
  assert.is(outcome.exit, 3, JSON.stringify(outcome))
  assert.equal(
    touched.filter((line) => line.startsWith('n1')),
    [`n1 reload ${passwords[target]}`],
  )
  assert.equal(alike(lab, before), [])
})

/** What is not as on this side. */
function alike(lab: RouterLab, side: Side): readonly string[] {
  return hosts.flatMap((host) => [
    ...(lab.sideOf(host) === side ? [] : [`${host} holds what is ${lab.sideOf(host)}`]),
    ...(lab.speaks(host) === side ? [] : [`${host} speaks what is ${lab.speaks(host)}`]),
    ...remainsOn(lab.bench.lab.folder(host)).map((what) => `${host}: ${what} is left`),
  ])
}

/** Messages that go to several hosts at a time: a death after one of them is not one before the next. */
const together = ['begin', 'prepare', 'confirm']
const cases = hosts.flatMap((host) =>
  ['arm', 'begin', 'activate', 'prepare', 'confirm']
    .filter((verb) => host !== 'n1' || (verb !== 'begin' && verb !== 'prepare'))
    .flatMap((verb): readonly Disturbance[] => {
      const at = { host, verb, nth: 1 }
      return [
        { kind: 'fault', fault: 'killed', when: 'before', at },
        { kind: 'fault', fault: 'restarted', when: 'after', at },
        ...(together.includes(verb) ? [{ kind: 'fault', fault: 'killed', when: 'after', at } as const] : []),
      ]
    }),
)

test('killed or restarted at every message that counts: no two masters stay, and one more run makes all alike', async ({
  labs,
}) => {
  const left = cases.values()
  const found: string[] = []
  await Promise.all(
    labs.map(async (lab) => {
      for (const each of left) found.push(...(await tryOut(lab, each)))
    }),
  )
  assert.equal(found, [])
})

async function tryOut(lab: RouterLab, each: Disturbance): Promise<readonly string[]> {
  const target = other(now(lab))
  const { isMet, outcome } = await disturbed(lab, each, lab.sides[target], lab.request(target))
  await untilQuiet(lab.bench.lab, hosts)
  const said = new Set(hosts.flatMap((host) => lab.speaks(host) ?? []))
  const rest = hosts.map((host) => `${host} holds ${lab.sideOf(host)} and speaks ${lab.speaks(host)}`).join(', ')
  const ordinary = await lab.deploy(target)
  return [
    ...(isMet ? [] : [`the message never came (${outcome?.failure?.what})`]),
    ...(said.size === 1 ? [] : [`at rest ${rest}`]),
    ...(ordinary.exit === 0 ? [] : [`the ordinary run ended with exit ${ordinary.exit}: ${ordinary.failure?.what}`]),
    ...alike(lab, target),
  ].map((what) => `${JSON.stringify(each)}: ${what}`)
}

test.run()
