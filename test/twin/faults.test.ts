import { spawnSync } from 'node:child_process'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { assertContract } from '../contracts/contract.ts'
import { inRepository, leftBehind, rehearse, twin } from './rehearse.ts'

const cases = [
  {
    name: 'the deployer is killed while all nodes learn another corosync.conf',
    edits: [
      ['services/corosync.yaml', 'token: 3000', 'token: 4000'],
      ['nodes/n1.yaml', '    port: eno1', '    port: eno1\n    line: { latency: 3, loss: 0.1 }'],
    ],
    faults: ['deployer-killed@1.activated'],
    ended: ['ended without a word'],
    hosts: ['new'],
    slow: 'n1 3 ms and 0.1 % lost',
  },
  {
    name: 'a node loses its power before and after it is armed, before and after it is told, and before and after it is confirmed; sshd refuses what it gets, and sshd dies ten seconds after it was told',
    // One host is enough: every further step would cost its soak fourteen times.
    edits: [['files/n2/etc/ssh/sshd_config.d/10-lab.conf', null, 'MaxAuthTries 5\n']],
    faults: [
      ...['gated', 'armed', 'activated', 'probed', 'confirmed'].map((phase) => `node-rebooted@1.${phase}`),
      'config-refused@1',
      'unit-dies@1',
    ],
    ended: [
      'ended with exit 3: n2 refuses to activate: systemctl restart ssh.service exited with 1',
      'ended with exit 3: did not stay well: ssh.service has not failed: systemctl is-failed ssh.service exited with 0',
    ],
    hosts: ['new', 'unchanged'],
    slow: null,
  },
] as const

/** Whether this machine's kernel can make a line as slow as the lab says. */
const netem = ['tc', 'qdisc', 'add', 'dev', 'lo', 'root', 'netem', 'delay', '1ms']
const hasNetem = spawnSync('unshare', ['--net', ...netem]).status === 0

for (const { name, edits, faults, ended, hosts, slow } of cases) {
  twin(`${name}: afterwards every host is wholly ${hosts.join(' or ')}`, () =>
    inRepository('test/labs/trio', edits, async (folder) => {
      const { report, log } = await rehearse(folder, '--fault', ...faults)
      assertContract('rehearsal', report)
      assert.equal(report.violations, [], log.slice(-3000))
      assert.equal(
        report.faults.map(({ name: struck }) => struck),
        faults.map((fault) => fault.split('@')[0]),
      )
      const last = report.faults.slice(-ended.length).map(({ rollout }) => rollout ?? '')
      assert.ok(
        last.every((text, index) => text.includes(ended[index] ?? '')),
        JSON.stringify(last, null, 2),
      )
      assert.equal([...new Set(Object.values(report.hosts))].toSorted(), hosts)
      const fast = report.notRehearsed.some((what) => what.includes(`lines (${slow}; each way)`))
      assert.is(fast, slow !== null && !hasNetem, report.notRehearsed.join('\n'))
      assert.equal(leftBehind(), [])
    }),
  )
}

test.run()
