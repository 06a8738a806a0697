/** A sample of the kills of deployment/every-message.test.ts on real machines, around arming, telling and confirming; six more are in faults.test.ts. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { inRepository, leftBehind, rehearse, twin, type Edit } from './rehearse.ts'

const phases = ['gated', 'armed', 'activated', 'probed', 'confirmed']
const custom = 'services/custom.yaml'
const motd = 'files/n2/etc/motd'

interface Case {
  readonly what: string
  readonly base: readonly Edit[]
  readonly edits: readonly Edit[]
  readonly kills: readonly string[]
}

const cases: readonly Case[] = [
  {
    what: 'of one host that gets a file',
    base: [
      [
        custom,
        'firewall:',
        'motd:\n  title: A greeting\n  hosts: [n2]\n  layer: monitoring\n  files: [/etc/motd]\n\nfirewall:',
      ],
      [motd, null, 'one\n'],
    ],
    edits: [[motd, 'one', 'two']],
    kills: ['deployer-killed', 'node-rebooted', 'node-frozen', 'wan-cut'],
  },
  {
    what: 'of all hosts that get another corosync.conf',
    base: [],
    edits: [['services/corosync.yaml', 'token: 3000', 'token: 4000']],
    kills: ['deployer-killed'],
  },
]

for (const { what, base, edits, kills } of cases) {
  const faults = kills.flatMap((kill) => phases.map((phase) => `${kill}@1.${phase}`))
  twin(`${faults.length} kills in a step ${what}: after one more ordinary run every host is wholly new`, () =>
    inRepository(
      'test/labs/trio',
      edits,
      async (folder) => {
        const { report, log } = await rehearse(folder, '--fault', ...faults)
        assert.equal(report.violations, [], log.slice(-3000))
        assert.is(report.faults.length, faults.length)
        const ends = report.faults.map(({ name, rollout }) => `${name}: ${rollout}`)
        const held = new Set(Object.values(report.hosts))
        held.delete('unchanged')
        assert.equal([...held], ['new'], ends.join('\n'))
        process.stdout.write(`\n${faults.length} kills, 0 violations\n`)
        assert.equal(leftBehind(), [])
      },
      base,
    ),
  )
}

test.run()
