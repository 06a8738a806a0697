/**
 * Faults at every message of a rollout over three hosts: the deployer killed, its link dropped or frozen, the host restarted; before the message
 * is carried out, and after it was, with its answer unseen. And the deployer's confirmation against the host's own timer.
 *
 * Killed and restarted: at every message. Dropped and frozen: at the first message of every verb on every host; what follows is like it.
 * A message that writes nothing is met before only: to the host and to the deployer it is the same whether it was carried out.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { allOf } from '../../scripts/lib/deployment/all-of.ts'
import type { Outcome } from '../../scripts/lib/deployment/outcome.ts'
import { between } from './between.ts'
import { disturbed, type At, type Disturbance, type Disturbed, type Fault } from './disturbance.ts'
import { remainsOn, timersOn } from './remains.ts'
import { hosts, leaseSeconds, other, sides, startWatchedLab, type Side, type WatchedLab } from './watched-lab.ts'

const pace = 100
const sideBySide = 3
/** Verbs that write nothing on the host. */
const reading = ['inspect', 'look', 'probe', 'validate']
/** Verbs that are sent to several hosts at the same time. */
const together = ['fence', 'lease renew', 'lease drop']
/** Milliseconds before and after the timer. */
const lateness = [-200, -50, -20, -10, 0, 10, 20, 50, 200]

test('whatever breaks at whatever message, one more run makes every host wholly new or wholly old', async () => {
  const labs: WatchedLab[] = []
  const violations: string[] = []
  const raced = new Set<string | undefined>()
  let count = 0
  try {
    await allOf(Array.from({ length: sideBySide }), async () => labs.push(await startWatchedLab(pace)))
    const cases = allCases(await messagesOf(labs[0] as WatchedLab)).values()
    await Promise.all(
      labs.map(async (lab) => {
        for (const each of cases) {
          const { isMet, outcome, found } = await tryOut(lab, each)
          if (isMet) count += 1
          if (each.kind === 'race') raced.add(outcome?.hosts[each.at.host]?.outcome)
          violations.push(...found.map((what) => `${words(each)}: ${what}`))
          // What came after in this lab might only be its consequence.
          if (found.length > 0) return
        }
      }),
    )
  } finally {
    await Promise.all(labs.map((lab) => lab.close()))
  }
  process.stdout.write(`${count} cases, ${violations.length} violations\n`)
  assert.equal(violations, [])
  assert.ok(raced.has('applied') && raced.has('reverted'), 'each of confirmation and timer was first at least once')
})

function words({ at, ...how }: Disturbance): string {
  const message = `${at.host} ${at.verb} ${at.nth}`
  return how.kind === 'race' ? `${message}, ${how.late} ms after the timer` : `${how.fault} ${how.when} ${message}`
}

/** Every message of a rollout that nothing disturbs. */
async function messagesOf(lab: WatchedLab): Promise<readonly At[]> {
  const messages: At[] = []
  const connect = between(lab.bench.connect, ({ host, verb, nth }, send) => {
    messages.push({ host, verb, nth })
    return send()
  })
  const outcome = await lab.bench.deploy(sides.two, { connect, clock: lab.clock, leaseSeconds })
  assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
  return messages
}

function allCases(messages: readonly At[]): readonly Disturbance[] {
  const firsts = messages.filter(({ nth }) => nth === 1)
  const faults = (fault: Fault, met: readonly At[]) =>
    met.flatMap((at): readonly Disturbance[] =>
      (['before', 'after'] as const)
        .filter((when) => when === 'before' || !reading.includes(at.verb))
        .map((when) => ({ kind: 'fault', fault, when, at })),
    )
  const races = ['n1', 'n2'].flatMap((host) =>
    lateness.map((late): Disturbance => ({ kind: 'race', late, at: { host, verb: 'confirm', nth: 1 } })),
  )
  // To the hosts a death before a message is one after the message before it, unless several were under way; and reading changes nothing.
  const writing = messages.filter(({ verb }) => !reading.includes(verb))
  return [
    ...faults('killed', writing).filter(
      ({ at, ...how }) => how.kind === 'fault' && (how.when === 'before' || together.includes(at.verb)),
    ),
    ...faults('restarted', messages),
    ...faults('dropped', firsts),
    ...faults('frozen', firsts),
    ...races,
  ]
}

interface Tried extends Disturbed {
  /** What is wrong; nothing where all is well. */
  readonly found: readonly string[]
}

async function tryOut(lab: WatchedLab, each: Disturbance): Promise<Tried> {
  const old = lab.sideOf('n1') as Side
  const toldBefore = lab.told().length
  const run = await disturbed(lab, each, sides[other(old)])
  // How often the lease is renewed depends on how long the run took.
  if (!run.isMet && each.at.verb !== 'lease renew')
    return { ...run, found: [`the message never came (${run.outcome?.failure?.what})`] }
  await untilQuiet(lab)
  const rest = atRest(lab, old, run.outcome)
  const isMostlyOld = hosts.filter((host) => lab.sideOf(host) === old).length > 1
  // To the nearer side, as both have to be possible.
  const side = isMostlyOld ? old : other(old)
  const ordinary = await lab.bench.deploy(sides[side], { clock: lab.clock, leaseSeconds })
  const found = [...rest, ...afterwards(lab, side, ordinary), ...outages(lab.told().slice(toldBefore))]
  return { ...run, found }
}

/** Until no lease and no timer can be in anybody's way, and what arrived late was carried out. */
async function untilQuiet({ bench: { lab } }: WatchedLab): Promise<void> {
  await lab.clock.sleep(5000)
  const folders = hosts.map((host) => lab.folder(host))
  if (folders.some((folder) => existsSync(join(folder, 'var/lib/quorate/lease'))))
    await lab.clock.sleep(leaseSeconds * 1000)
  for (let waits = 0; waits < 100 && folders.some((folder) => timersOn(folder).length > 0); waits += 1)
    await lab.clock.sleep(5000)
}

/** Before anybody does anything about it: nothing is half done, and what the run said of a host that it knew of is so. */
function atRest(lab: WatchedLab, old: Side, outcome: Outcome | null): readonly string[] {
  const expected = { applied: other(old), reverted: old, unchanged: old, unknown: null }
  return hosts.flatMap((host) => {
    const side = lab.sideOf(host)
    const said = outcome?.hosts[host]?.outcome ?? 'unknown'
    return [
      ...(side === null ? [`at rest ${host} is as no side has it`] : []),
      ...(expected[said] === null || expected[said] === side ? [] : [`${host} is said to be ${said}, and is ${side}`]),
      ...(lab.isFresh(host) ? [] : [`at rest the daemon of ${host} runs on other bytes than its files`]),
      ...(timersOn(lab.bench.lab.folder(host)).length === 0 ? [] : [`a timer of ${host} never ends`]),
    ]
  })
}

function afterwards(lab: WatchedLab, side: Side, { exit, failure }: Outcome): readonly string[] {
  const failed = exit === 0 ? [] : [`the ordinary run ended with exit ${exit}: ${failure?.what}`]
  const found = hosts.flatMap((host) =>
    [
      ...lab.notHeld(host, side).map((path) => `${path} is not as side ${side} has it`),
      ...lab.touched(host).map((path) => `${path} is somebody else's, and not as it was`),
      ...remainsOn(lab.bench.lab.folder(host)).map((what) => `${what} is left`),
      ...(lab.isFresh(host) ? [] : ['the daemon runs on other bytes than its files']),
    ].map((what) => `${host}: ${what}`),
  )
  return [...failed, ...found]
}

/** Moments in which fewer than two daemons were up. One whose host we switched off counts as up until it is back. */
function outages(told: readonly string[]): readonly string[] {
  const down = new Set<string>()
  const off = new Set<string>()
  return told.flatMap((line) => {
    const [host = '', what = ''] = line.split(' ')
    if (what === 'off') off.add(host)
    if (what === 'start') off.delete(host)
    if (what === 'stop') down.add(host)
    if (what === 'start' || what === 'off') down.delete(host)
    const gone = [...down].filter((each) => !off.has(each))
    return what === 'stop' && gone.length > 1 ? [`${gone.join(' and ')} were down at once`] : []
  })
}

test.run()
