/** The twin itself: real Debian, real systemd, the real daemons. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { assertContract } from '../contracts/contract.ts'
import { inRepository, leftBehind, rehearse, twin } from './rehearse.ts'

const rolling = [
  ['networks.yaml', 'mtu: 1400', 'mtu: 1380'],
  ['services/keepalived.yaml', 'pve2: 230', 'pve2: 235'],
  ['services/dnsmasq.yaml', 'reservations:', "reservations:\n  vdi2: { mac: 'bc:24:11:00:00:16', address: 10.0.1.22 }"],
] as const

twin('the example lab: from bare machines to whole, and a change of tinc, keepalived and dnsmasq as predicted', () =>
  inRepository('lab', rolling, async (folder) => {
    const file = join(folder, 'rehearsal.json')
    const { exit, report, log } = await rehearse(folder, '--report', file)
    assertContract('rehearsal', report)
    assert.equal(JSON.parse(readFileSync(file, 'utf8')), report)
    assert.equal(report.violations, [], log.slice(-3000))
    assert.is(exit, 0)
    assert.equal(report.machines, { nodes: 3, guests: 2 })
    assert.is(report.deployment.exit, 0)
    const corosync = report.groups.find(({ id }) => id === 'corosync')
    assert.ok((corosync?.fewest ?? 0) >= 2, JSON.stringify(corosync))
    assert.ok(
      report.steps.some(({ measured }) => measured.some(({ id }) => id.startsWith('net:cluster@'))),
      `a restart of tinc was seen: ${JSON.stringify(report.steps)}`,
    )
    assert.equal(report.offers.map(({ title }) => title).toSorted(), [
      'leases in "services"',
      'names from dns1 (10.0.1.53) or dns2 (10.0.1.54)',
      'the router 10.0.1.1',
      'the way out of "services"',
    ])
    const names = report.offers.find(({ title }) => title.startsWith('names from'))
    assert.ok((names?.asked ?? 0) > 100)
    assert.ok((names?.longestSeconds ?? 9) < 1, 'of two resolvers one answers: names are not away as one of them is')
    const [killed] = report.faults
    assert.is(killed?.name, 'node-killed')
    assert.is(killed?.host, 'pve1', 'the owner of the virtual address is the one to kill')
    assert.ok(
      killed?.away.some(({ id, open }) => id === 'the router 10.0.1.1' && !open),
      'the router moved',
    )
    assert.type(killed?.wholeAfterSeconds, 'number')
    assert.ok(report.standIns.some((what) => what.includes('/etc/pve')))
    assert.equal(leftBehind(), [])
  }),
)

test.run()
