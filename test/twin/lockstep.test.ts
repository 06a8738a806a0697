/** Another VRRP password on real machines: who owns the virtual address is looked at many times a second. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { inRepository, leftBehind, rehearse, twin } from './rehearse.ts'

const edits = [['services/keepalived.yaml', '    password: true\n', '']] as const
const router = 'the router 10.0.1.1'

twin('the password of a virtual router goes: never two owners, and the address answers all the time', () =>
  inRepository('lab', edits, async (folder) => {
    const { exit, report, log } = await rehearse(folder)
    assert.equal(report.violations, [], log.slice(-3000))
    assert.is(exit, 0)
    const pool = report.groups.find(({ id }) => id === 'keepalived.services')
    assert.is(pool?.fewest, 1, 'both backups were stopped at once')
    const [step] = report.steps
    assert.ok(!step?.measured.some(({ id }) => id === router), JSON.stringify(step))
    assert.equal(leftBehind(), [])
  }),
)

twin('the deployer dies and nodes are switched off and on meanwhile: never two owners, and all are alike again', () =>
  inRepository('lab', edits, async (folder) => {
    const faults = ['node-rebooted:pve2@1.activated', 'node-rebooted:pve1@1.activated', 'deployer-killed@1.probed']
    const { report, log } = await rehearse(folder, '--fault', ...faults)
    assert.equal(report.violations, [], log.slice(-3000))
    assert.is(report.faults.length, faults.length)
    assert.equal(leftBehind(), [])
  }),
)

test.run()
