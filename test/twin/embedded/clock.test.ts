import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { pacedClock } from '../../../scripts/lib/twin/embedded/clock.ts'

const wall = (ms: number) => new Promise((resolve) => void setTimeout(resolve, ms))

test('while all only wait, time runs as many times faster as it was asked to', async () => {
  const clock = pacedClock(100)
  const before = clock.now()
  await clock.sleep(5000)
  const passed = clock.now() - before
  // A timer of the machine's may ring a millisecond early, which is a hundred here.
  assert.ok(passed >= 4800, String(passed))
})

test('while something works, time runs as on the wall, and what waits goes on waiting', async () => {
  const clock = pacedClock(100)
  let fired = false
  clock.after(5000, () => (fired = true))
  const before = clock.now()
  const first = clock.work()
  const second = clock.work()
  await wall(100)
  first()
  first()
  await wall(100)
  assert.ok(clock.now() - before < 4000, 'two works, one of them ended twice: the other still holds the time')
  assert.is(fired, false)
  second()
  await clock.sleep(5000)
  assert.is(fired, true)
})

test('what was called off does not happen', async () => {
  const clock = pacedClock(100)
  let fired = false
  clock.after(100, () => (fired = true))()
  await clock.sleep(1000)
  assert.is(fired, false)
})

test('a pace that is none is refused', () => {
  for (const pace of [0, -1, NaN, Infinity]) assert.throws(() => pacedClock(pace), RangeError)
})

test.run()
