import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FailureError } from '../../scripts/lib/failure.ts'
import type { Clock } from '../../scripts/lib/deployment/clock.ts'
import { keepLease } from '../../scripts/lib/deployment/keep-lease.ts'
import type { Session } from '../../scripts/lib/deployment/session.ts'

const holder = { owner: 'somebody', run: 'by hand', token: 't', seconds: 60 }

/** A clock that only goes on when it is told to, and hosts that note what they are asked. */
function bench() {
  let now = 0
  let waiting: { readonly at: number; readonly act: () => void }[] = []
  const asked: string[] = []
  let answer = () => Promise.resolve({ records: [], refused: null as { code: string; text: string } | null })
  const clock: Clock = {
    now: () => now,
    sleep: () => Promise.resolve(),
    after(ms, act) {
      const one = { at: now + ms, act }
      waiting.push(one)
      return () => (waiting = waiting.filter((each) => each !== one))
    },
  }
  const session = {
    ask: (host: string, verb: string, [word]: readonly string[]) => {
      asked.push(`${now / 1000} ${host} ${verb} ${word}`)
      return answer()
    },
  } as unknown as Session
  return {
    asked,
    clock,
    session,
    waiting: () => waiting.length,
    refuse: () => (answer = () => Promise.resolve({ records: [], refused: { code: 'fenced', text: 'another run' } })),
    /** The next answers wait until the returned function is called. */
    slow() {
      const fast = answer
      let done = () => {}
      const later = new Promise<void>((resolve) => (done = resolve))
      answer = () => later.then(fast)
      return done
    },
    away: () =>
      (answer = () => Promise.reject(new FailureError({ what: 'away', where: 'n1', now: '-', next: '-' }, 4))),
    /** Lets `seconds` pass, one by one, and what falls due be done. */
    async pass(seconds: number) {
      for (let second = 0; second < seconds; second += 1) {
        now += 1000
        const due = waiting.filter(({ at }) => at <= now)
        waiting = waiting.filter(({ at }) => at > now)
        for (const { act } of due) act()
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
  }
}

async function exitOf(promise: Promise<unknown>): Promise<number> {
  return promise.then(
    () => 0,
    (error: unknown) => (error as FailureError).exit,
  )
}

test('the lease is renewed every third of its time while a step runs', async () => {
  const { asked, clock, session, pass } = bench()
  keepLease(session, clock, ['n1', 'n2'], 3, holder)
  await pass(61)
  assert.equal(
    asked,
    ['20', '40', '60'].flatMap((at) => [`${at} n1 lease renew`, `${at} n2 lease renew`]),
  )
})

test('after the release nothing is renewed any more', async () => {
  const { asked, clock, session, pass, waiting } = bench()
  const kept = keepLease(session, clock, ['n1'], 1, holder)
  await pass(25)
  await kept.release()
  await pass(100)
  assert.equal(asked, ['20 n1 lease renew', '25 n1 lease drop'])
  assert.is(waiting(), 0)
})

test('a renewal that is under way is over before the lease is given back', async () => {
  const { asked, clock, session, pass, slow } = bench()
  const kept = keepLease(session, clock, ['n1'], 1, holder)
  const answered = slow()
  await pass(21)
  const released = kept.release()
  await pass(1)
  assert.equal(asked, ['20 n1 lease renew'])
  answered()
  await released
  assert.equal(asked, ['20 n1 lease renew', '22 n1 lease drop'])
})

test('a run that comes to no next step does not hold the lease for ever', async () => {
  const { asked, clock, session, pass, waiting } = bench()
  keepLease(session, clock, ['n1'], 1, holder)
  await pass(2000)
  assert.is(asked.length, 46)
  assert.is(waiting(), 0)
})

test('where another run has it, the next step is refused with exit 5', async () => {
  const { clock, session, pass, refuse } = bench()
  const kept = keepLease(session, clock, ['n1'], 1, holder)
  assert.is(await exitOf(kept.keep()), 0)
  refuse()
  await pass(21)
  assert.is(await exitOf(kept.keep()), 5)
})

test('where too few nodes renew it, the next step is refused with exit 4', async () => {
  const { clock, session, pass, away } = bench()
  const kept = keepLease(session, clock, ['n1', 'n2'], 2, holder)
  away()
  await pass(45)
  assert.is(await exitOf(kept.keep()), 4)
})

test.run()
