import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { assertContract } from '../contracts/contract.ts'
import { inRepository, leftBehind, rehearse, twin, type Edit } from './rehearse.ts'

const file = 'nodes/n4.yaml'
const node = `title: Server 4
id: 4
addresses:
  public:
    port: eno1
    address: 192.0.2.24/24
    gateway: 192.0.2.1
  cluster: 10.7.0.14
`
const comes: Edit = [file, null, node]
const goes: Edit = [file, node, null]

const cases: readonly (readonly [what: string, base: readonly Edit[], edit: Edit, fewest: number])[] = [
  ['a fourth node comes: prepared, then counted, then started', [], comes, 3],
  ['it goes: stopped, then not counted any more, then cut off', [comes], goes, 3],
]
for (const [what, base, edit, fewest] of cases) {
  twin(what, () =>
    inRepository(
      'test/labs/trio',
      [edit],
      async (folder) => {
        const { exit, report, log } = await rehearse(folder)
        assertContract('rehearsal', report)
        assert.equal(report.violations, [], log.slice(-3000))
        assert.is(exit, 0)
        assert.is(report.deployment.exit, 0)
        assert.ok(
          (report.groups.find(({ id }) => id === 'corosync')?.fewest ?? 0) >= fewest,
          JSON.stringify(report.groups),
        )
        assert.equal(leftBehind(), [])
      },
      base,
    ),
  )
}

test.run()
