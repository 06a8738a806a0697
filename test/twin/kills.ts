/** Kills of deployment/every-message.test.ts on real machines, around arming, telling and confirming; six more are in faults.test.ts. */
import * as assert from 'uvu/assert'
import { inRepository, leftBehind, rehearse, twin, type Edit } from './rehearse.ts'

const phases = ['gated', 'armed', 'activated', 'probed', 'confirmed']
const custom = 'services/custom.yaml'
const motd = 'files/n2/etc/motd'

/** A change, and the lab that it starts from. */
export interface Change {
  readonly what: string
  readonly base: readonly Edit[]
  readonly edits: readonly Edit[]
}

/** One host gets a file. */
export const ofOneHost: Change = {
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
}

/** All hosts get another corosync.conf. */
export const ofAllHosts: Change = {
  what: 'of all hosts that get another corosync.conf',
  base: [],
  edits: [['services/corosync.yaml', 'token: 3000', 'token: 4000']],
}

/** One fault at every phase of a step. The files that call this are apart so that they run side by side. */
export function killsIn({ what, base, edits }: Change, kill: string): void {
  const faults = phases.map((phase) => `${kill}@1.${phase}`)
  twin(`${faults.length} times ${kill} in a step ${what}: after one more ordinary run every host is wholly new`, () =>
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
