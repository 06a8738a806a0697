/** What a killed run left of a step whose hosts change in turn, and hosts that are armed too far apart. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FailureError } from '../../scripts/lib/failure.ts'
import type { Facts, GenerationState } from '../../scripts/lib/deployment/inspect.ts'
import { armTogether } from '../../scripts/lib/deployment/lockstep.ts'
import { recover } from '../../scripts/lib/deployment/recover.ts'
import type { Session } from '../../scripts/lib/deployment/session.ts'
import type { Tools } from '../../scripts/lib/deployment/step.ts'
import { wallClock } from '../../scripts/lib/deployment/wall-clock.ts'

/** What is told to whom where the hosts are found like this. */
async function told(states: Readonly<Record<string, GenerationState>>): Promise<readonly string[]> {
  const calls: string[] = []
  const write: Session['write'] = (host, verb) => {
    calls.push(`${verb} ${host}`)
    return Promise.resolve({ records: [], refused: null })
  }
  const facts = Object.entries(states).map(([host, state]) => {
    return { host, generations: [{ name: 'g1', state, timerSeconds: 0 }] } as unknown as Facts
  })
  await recover({ write } as unknown as Session, wallClock, facts, () => {})
  return calls
}

test('a host that waits for another one is brought to what that one ended as', async () => {
  assert.equal(await told({ n1: 'done', n2: 'prepared', n3: 'done' }), ['confirm n2'])
  assert.equal(await told({ n2: 'prepared', n1: 'confirmed' }), ['settle n1', 'confirm n2'])
  assert.equal(await told({ n2: 'prepared', n1: 'reverted' }), ['revert n2'])
  assert.equal(await told({ n3: 'prepared', n2: 'prepared', n1: 'armed' }), ['revert n1', 'revert n3', 'revert n2'])
})

test('where nobody is there who tells how it ended, nothing is done', async () => {
  const error = await told({ n2: 'prepared', n3: 'prepared' }).catch((thrown: unknown) => thrown)
  assert.instance(error, FailureError)
  if (!(error instanceof FailureError)) return
  assert.is(error.exit, 4)
  assert.match(error.failure.what, 'the host that decides it is not there')
})

test('hosts whose timers would be further apart than old and new bear each other are not changed', async () => {
  const apart = (seconds: number) => {
    let at = 0
    const arm = () => {
      at += seconds * 1000
      return Promise.resolve()
    }
    const tools = { clock: { now: () => at } } as unknown as Tools
    return armTogether(tools, { inCharge: 'n1', stop: {}, apartSeconds: 2 }, arm)
  }
  await apart(1.9)
  const error = await apart(2.1).catch((thrown: unknown) => thrown)
  assert.instance(error, FailureError)
})

test.run()
