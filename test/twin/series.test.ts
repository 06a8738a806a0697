import { test } from 'uvu'
import * as assert from 'uvu/assert'
import * as fc from 'fast-check'
import { pingSamples } from '../../scripts/lib/twin/ping.ts'
import { gapsIn, longest, lostIn } from '../../scripts/lib/twin/series.ts'

const every = 100
/** "1" answered, "0" asked and not answered, " " not asked; one a tenth of a second. */
const series = (text: string) => ({
  every,
  samples: text.split('').flatMap((sign, index) => (sign === ' ' ? [] : [{ at: index * every, well: sign === '1' }])),
})
const seconds = (text: string) =>
  gapsIn(series(text), 0, (text.length - 1) * every).map((gap) => [gap.seconds, gap.open])

const cases: readonly (readonly [what: string, text: string, gaps: readonly (readonly [number, boolean])[]])[] = [
  ['nothing is away', '1111111111', []],
  ['one question is lost', '1111011111', [[0.1, false]]],
  ['five are lost in a row', '1100000111', [[0.5, false]]],
  [
    'two times',
    '1101110011',
    [
      [0.1, false],
      [0.2, false],
    ],
  ],
  ['it never comes back', '1111000000', [[0.5, true]]],
  ['it was away from the start', '0000111111', [[0.4, false]]],
  ['nobody asked for long', '11        1111', []],
  ['a question came late', '1111 11111', []],
]
for (const [what, text, gaps] of cases) test(`${what}: ${text}`, () => assert.equal(seconds(text), gaps))

test('where whoever asks may be gone too, a long silence is a gap, and a short one is none', () => {
  const silent = (text: string) => gapsIn(series(text), 0, (text.length - 1) * every, 'away').map((gap) => gap.seconds)
  assert.equal(silent('11        1111'), [0.8])
  assert.equal(silent('1111 11111'), [])
})

test('a gap is never longer than the time in which nothing good was heard, and never missed when two questions in a row were lost', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 3, maxLength: 60 }), (answers) => {
      const text = `1${answers.map((well) => (well ? '1' : '0')).join('')}1`
      const runs = [...text.matchAll(/0+/g)].map(([run]) => run.length / 10)
      assert.equal(
        seconds(text).map(([length]) => length),
        runs,
      )
    }),
  )
})

test('what was lost is counted between two moments only', () => {
  assert.equal(lostIn(series('0011001100'), 200, 700), { asked: 6, lost: 2 })
})

test('the longest gap of none is none', () => {
  assert.is(longest([]), 0)
})

test('ping’s own words become samples: answers, and numbers that were left out', () => {
  const text = `PING 10.0.0.12 (10.0.0.12) 56(84) bytes of data.
[1700000000.000500] 64 bytes from 10.0.0.12: icmp_seq=1 ttl=64 time=0.500 ms
From 10.0.0.11 icmp_seq=2 Destination Host Unreachable
[1700000000.301000] 64 bytes from 10.0.0.12: icmp_seq=4 ttl=64 time=1.00 ms

--- 10.0.0.12 ping statistics ---
5 packets transmitted, 2 received, 60% packet loss, time 400ms
`
  const samples = pingSamples(text, 1_700_000_000_000)
  assert.equal(
    samples.map(({ well }) => well),
    [true, false, false, true, false],
  )
  assert.equal(
    samples.map(({ at }) => at - 1_700_000_000_000),
    [0, 100, 200, 300, 400],
  )
})

test.run()
