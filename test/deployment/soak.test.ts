import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Session } from '../../scripts/lib/deployment/session.ts'
import { settledOrNot } from '../../scripts/lib/deployment/soak.ts'

/** What the one member says of its ring, look by look; the last word stays. Returns what the soak came to, and how long it took. */
async function soaked(rings: readonly string[], untilSeconds: number) {
  let now = 0
  let looks = 0
  const session = {
    ask: () => {
      const said = `ring ${rings[Math.min(looks, rings.length - 1)] ?? ''}\n`
      looks += 1
      return Promise.resolve({
        records: [
          ['ran', '0', '0', String(said.length), '0'],
          ['said', Buffer.from(said).toString('base64')],
        ],
        refused: null,
      })
    },
  } as unknown as Session
  const clock = {
    now: () => now,
    sleep: (ms: number) => Promise.resolve(void (now += ms)),
    after: () => () => {},
  }
  const up = { title: 'it is in a ring', run: ['ring'], exit: [0], stdout: '^ring [0-9]', withinSeconds: 5 }
  const group = {
    id: 'corosync',
    kind: 'quorum',
    minimum: 1,
    soakSeconds: 15,
    members: [{ id: 'corosync@a', host: 'a', votes: 1, needs: [], provides: [], up: [up] }],
    agree: [{ title: 'the ring id', run: ['ring'], pick: '^ring (\\S+)', across: 'same' }],
  } as const
  const asked = {
    groups: [{ group, members: group.members }],
    lost: new Set<string>(),
    until: untilSeconds * 1000,
  }
  return { why: await settledOrNot(session, clock, asked), seconds: now / 1000 }
}

test('a ring that holds still is watched for its soak and no longer', async () => {
  assert.equal(await soaked(['1.a'], 60), { why: null, seconds: 15 })
})

test('a ring that is formed anew some seconds late is watched for a whole soak from there on', async () => {
  assert.equal(await soaked(['1.a', '1.a', '1.e'], 60), { why: null, seconds: 25 })
})

test('a ring that does not hold still until there is no time for another soak is not well', async () => {
  const rings = Array.from({ length: 40 }, (_, index) => `1.${index}`)
  const { why, seconds } = await soaked(rings, 30)
  assert.match(why ?? '', 'did not hold still')
  assert.ok(seconds <= 40, String(seconds))
})

test('a member that is noticed to be away within ten seconds, and is back, is watched for a whole soak from there on', async () => {
  assert.equal(await soaked(['1.a', '-', '-', '1.e'], 60), { why: null, seconds: 22 })
})

test('one that stays away is given up on after these ten seconds, and one that goes later at once', async () => {
  const gone = await soaked(['1.a', '-'], 60)
  assert.match(gone.why ?? '', 'did not stay well')
  assert.ok(gone.seconds <= 12, String(gone.seconds))
  const later = await soaked(['1.a', '1.a', '1.a', '-'], 60)
  assert.match(later.why ?? '', 'did not stay well')
  assert.is(later.seconds, 15)
})

test.run()
