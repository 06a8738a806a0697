/** Deployers that are started at the same moment: one of them is at work soon, never two, and the others say who it is. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wall } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { allOf } from '../../scripts/lib/deployment/all-of.ts'
import type { Outcome } from '../../scripts/lib/deployment/outcome.ts'
import { pacedClock } from '../../scripts/lib/twin/embedded/clock.ts'
import { startBench, type Bench } from './bench.ts'
import { between, type Between } from './between.ts'
import { smallRendering, web } from './small-lab.ts'

const rounds = 100
const sideBySide = 2
const pace = 4
/** In the lab's time. Milliseconds. */
const soon = 10_000
const writing = [
  'discard',
  'open',
  'put',
  'stage',
  'arm',
  'begin',
  'activate',
  'prepare',
  'hold',
  'confirm',
  'settle',
  'revert',
  'record',
  'prune',
]

const one = smallRendering({ body: 'one' })
const two = smallRendering({ body: 'one' }, { n1: { body: 'two' } })

test('of two or three deployers that start together one is at work soon, never two, and the others name it', async () => {
  const benches: Bench[] = []
  const numbers = Array.from({ length: rounds }, (_, index) => index).values()
  const violations: string[] = []
  try {
    await allOf(Array.from({ length: sideBySide }), async () => benches.push(await startBench(one, pace, [web])))
    await Promise.all(
      benches.map(async (bench) => {
        await bench.deploy(two, { clock: hasty })
        let target = one
        for (const number of numbers) {
          const found = await round(bench, number, target)
          violations.push(...found.map((what) => `round ${number}: ${what}`))
          target = target === one ? two : one
        }
      }),
    )
  } finally {
    await Promise.all(benches.map((bench) => bench.close()))
  }
  process.stdout.write(`${rounds} rounds, ${violations.length} violations\n`)
  assert.equal(violations, [])
})

/** The deployers' time passes faster than the hosts', and they look seldom, so that a round is short; no lease and no timer runs out. */
const fast = pacedClock(200)
const hasty = { ...fast, sleep: (ms: number) => fast.sleep(ms + 10_000) }

interface Deployer {
  readonly who: { readonly owner: string; readonly run: string }
  /** When it sent its first writing message, and had the last one's answer: counted by messages. */
  first: number
  last: number
}

async function round(bench: Bench, number: number, target: typeof one): Promise<readonly string[]> {
  const { clock } = bench.lab
  const begun = clock.now()
  const found: string[] = []
  let count = 0
  let atWork = Infinity
  let undecided = 2 + (number % 2)
  let allDecided = () => {}
  const decided = new Promise<void>((resolve) => (allDecided = resolve))
  const decide = () => (undecided -= 1) === 0 && allDecided()
  const started = Array.from({ length: undecided }, async (_, index) => {
    const deployer: Deployer = { who: nameOf(number, index), first: Infinity, last: -Infinity }
    let isDecided = false
    const once = () => !isDecided && (isDecided = true) && decide()
    const step: Between = async (message, send) => {
      if (!writing.includes(message.verb)) {
        const answer = await send()
        if (message.verb === 'lease take') once()
        return answer
      }
      atWork = Math.min(atWork, clock.now())
      deployer.first = Math.min(deployer.first, (count += 1))
      // Whoever gets the lease works on once all have asked for it.
      await decided
      const answer = await send()
      deployer.last = count += 1
      const runs = openRuns(bench)
      if (runs.length > 1) found.push(`the runs ${runs.join(' and ')} are open at once`)
      return answer
    }
    await wall(((number + 1) * (index + 3) * 7) % 40)
    const connect = between(bench.connect, step)
    const outcome = await bench.deploy(target, { ...deployer.who, connect, clock: hasty })
    once()
    return { ...deployer, outcome }
  })
  const ended = await Promise.all(started)
  if (!(atWork - begun <= soon)) found.push(`nobody was at work after ${atWork - begun} ms`)
  return [...new Set([...found, ...overlaps(ended), ...unnamed(ended)])]
}

function nameOf(number: number, index: number): Deployer['who'] {
  return { owner: `person-${index}`, run: `https://forge.example/runs/${number}-${index}` }
}

/** The fencing numbers of all generations that are not over, on any host. */
function openRuns({ lab }: Bench): readonly string[] {
  const runs = ['n1', 'n2', 'n3'].flatMap((host) => {
    const folder = join(lab.folder(host), 'var/lib/quorate/generations')
    return (existsSync(folder) ? readdirSync(folder) : [])
      .filter((name) => !['done', 'reverted'].some((marker) => existsSync(join(folder, name, marker))))
      .map((name) => name.slice(0, 6))
  })
  return [...new Set(runs)]
}

function overlaps(ended: readonly Deployer[]): readonly string[] {
  return ended.flatMap((a, index) =>
    ended
      .slice(index + 1)
      .filter((b) => a.first < b.last && b.first < a.last)
      .map((b) => `${a.who.owner} and ${b.who.owner} were at work at once`),
  )
}

/** Those that were not told who is at work; exactly one was. */
function unnamed(ended: readonly (Deployer & { readonly outcome: Outcome })[]): readonly string[] {
  const through = ended.filter(({ outcome }) => outcome.exit === 0)
  const [winner] = through
  if (through.length !== 1 || winner === undefined) return [`${through.length} of ${ended.length} went through`]
  return ended
    .filter(({ outcome: { exit, failure } }) => {
      const isTold = [winner.who.owner, winner.who.run].every((word) => failure?.what.includes(word))
      return exit !== 0 && !(exit === 5 && isTold)
    })
    .map(({ who, outcome: { exit, failure } }) => `${who.owner} ended with exit ${exit}: ${failure?.what}`)
}

test.run()
