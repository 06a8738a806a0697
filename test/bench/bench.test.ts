import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { onHosts } from '../../scripts/lib/bench/on-hosts.ts'
import type { BenchReport } from '../../scripts/lib/bench/report.ts'
import { interleaved, timed } from '../../scripts/lib/bench/timing.ts'
import { benchText } from '../../scripts/lib/review/bench-text.ts'
import { run } from '../../scripts/quorate.ts'
import { assertContract } from '../contracts/contract.ts'
import { openSshSkip } from '../deployment/openssh-skip.ts'

const time = timed([100, 300, 200])
const compared = { quorate: time, floor: timed([100]), ratio: 2 }
const stages = { check: 1, render: 2, compare: 3, diff: 4, plan: 5 }
const report: BenchReport = {
  format: 1,
  hosts: 3,
  runs: 3,
  machine: { node: 'v20.20.2', cores: 2 },
  hostsReached: {
    unchanged: compared,
    changed: { ...compared, files: 12, soakSeconds: 15 },
    delayed: { ms: 80, unchanged: compared, changed: compared },
    roundTrips: { unchanged: 20, changed: 60, step: 40 },
  },
  preview: { example: stages, cells: stages, oneVpn: stages },
  footprint: {
    size: { own: 1024 * 1024, dependencies: 2 * 1024 * 1024, packages: 45 },
    starts: { node: timed([50]), help: timed([100]), check: timed([200]) },
  },
  notMeasured: ['the same work by Ansible'],
}

test('the median of times, and how far they are apart', () => {
  assert.equal(timed([5, 1, 3]), { median: 3, fastest: 1, slowest: 5 })
  assert.equal(timed([4, 1, 3, 2]), { median: 2.5, fastest: 1, slowest: 4 })
})

test('what is compared runs in turn, and the first round does not count', async () => {
  const order: string[] = []
  const work = (name: string) => () => Promise.resolve(void order.push(name))
  const times = await interleaved({ a: work('a'), b: work('b') }, 2)
  assert.equal(order, ['a', 'b', 'a', 'b', 'a', 'b'])
  assert.equal(Object.keys(times), ['a', 'b'])
})

test('a report reads as ratios, with the soak and what was not measured apart', () => {
  const text = benchText(report, 120)
  assert.match(text, /nothing changed, against ssh true +200 ms \(100–300\) +100 ms \(100–100\) +2\.00 ×/)
  assert.match(text, /quorate --help, against node -e 0 +100 ms \(100–100\) +50 ms \(50–50\) +2\.00 ×/)
  assert.match(text, /300 hosts in one VPN +1 +2 +3 +4 +5 +15/)
  assert.match(text, 'so 40 for the step')
  assert.match(text, 'never shortened: 15 s')
  assert.match(text, 'Installed size: 3.0 MiB, 1.0 of it')
  assert.match(text, 'Not measured: the same work by Ansible')
  assertContract('bench', report)
})

test('without an OpenSSH server the rest is still told', () => {
  const without = { ...report, hostsReached: null, footprint: { ...report.footprint, size: null } }
  const text = benchText(without, 120)
  assert.not.match(text, 'nothing changed')
  assert.match(text, 'Installed size: npm could not tell')
  assertContract('bench', without)
})

test('a number of hosts that is none is wrong usage', async () => {
  const terminal = {
    out: () => {},
    note: (text: string) => void (said += text),
    colour: false,
    columns: 80,
    live: false,
  }
  let said = ''
  const surroundings = {
    onInterrupt: () => {},
    isWorkflow: false,
    written: async () => [],
    onLeak: () => {},
  }
  assert.is(await run(['bench', '--hosts', 'three'], terminal, surroundings), 2)
  assert.match(said, '--hosts "three" is no whole number')
})

const name = 'real servers are deployed to, by the tool in a process of its own, beside ssh and sftp'
if (openSshSkip === null) {
  test(name, async () => {
    const hostsReached = await onHosts(1, 1, 10, () => {})
    assertContract('bench', { ...report, hostsReached })
    assert.ok((hostsReached?.roundTrips.step ?? 0) > 0)
    assert.ok((hostsReached?.unchanged.floor.median ?? 0) > 0)
  })
} else test.skip(`${name} (${openSshSkip})`)

test.run()
