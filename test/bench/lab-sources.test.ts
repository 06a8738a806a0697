import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { renderers } from '../../renderers/index.ts'
import { cellsService } from '../../scripts/lib/bench/cells-service.ts'
import { benchCells, labSources } from '../../scripts/lib/bench/lab-sources.ts'
import { compare } from '../../scripts/lib/bundle/compare.ts'
import { renderLab } from '../../scripts/lib/bundle/render.ts'
import { define } from '../../scripts/lib/definition/definition.ts'
import { cells } from '../../scripts/lib/rollout/cells.ts'
import { plan } from '../../scripts/lib/rollout/plan.ts'
import { worldOf } from '../../scripts/lib/rollout/world.ts'

const registry = [...renderers, cellsService]

function rendered(hosts: number, shape: 'cells' | 'one-vpn', edition: 0 | 1) {
  const { lab, problems } = define(labSources({ hosts, shape, edition }), 'lab', registry)
  assert.equal(problems, [])
  if (lab === null) throw new Error('there is no lab')
  const { rendering, findings } = renderLab(lab, registry, {})
  assert.equal(findings, [])
  return rendering
}

test('any number of hosts from three on stands in cells of 3 to 9', () => {
  for (let hosts = 3; hosts <= 400; hosts += 1) {
    const made = benchCells(hosts)
    assert.is(new Set(made.flatMap((cell) => cell.hosts)).size, hosts)
    assert.ok(
      made.every((cell) => cell.hosts.length >= 3 && cell.hosts.length <= 9),
      `${hosts}: ${made.map((cell) => cell.hosts.length).join(', ')}`,
    )
  }
})

test('the same question gives the same files', () => {
  const question = { hosts: 30, shape: 'cells', edition: 0 } as const
  assert.equal(labSources(question), labSources(question))
})

test('what the planner takes for a cell is one of the lab; all hosts of one VPN are one', () => {
  const apart = rendered(30, 'cells', 0)
  const found = cells(worldOf(apart, apart))
  const expected = benchCells(30).flatMap(({ hosts }) => hosts.map((host) => [host, hosts[0]]))
  assert.equal(
    expected.map(([host = '']) => [host, found.of(host)]),
    expected,
  )
  const together = rendered(30, 'one-vpn', 0)
  const one = cells(worldOf(together, together))
  assert.is(new Set(Object.keys(together.hosts).map((host) => one.of(host))).size, 1)
})

test('every cell keeps a quorum of its own in either shape', () => {
  for (const shape of ['cells', 'one-vpn'] as const) {
    const groups = Object.values(rendered(30, shape, 0).hosts).flatMap((bundle) => bundle.groups)
    const quorums = new Map(groups.filter(({ kind }) => kind === 'quorum').map((group) => [group.id, group]))
    assert.equal(
      [...quorums.values()].map(({ members }) => members.map(({ host }) => host)),
      benchCells(30).map(({ hosts }) => hosts),
    )
  }
})

test('the other edition changes 12 files on every host, in one step each that touches no group', () => {
  const [before, after] = [rendered(9, 'cells', 0), rendered(9, 'cells', 1)]
  const changes = compare(before, after)
  assert.is(changes.length, 9 * 12)
  const result = plan(before, after, changes, registry, { last: [] })
  if (result.kind !== 'rollout') throw new Error('it was refused')
  const steps = result.rollout.waves.flat()
  assert.is(steps.length, 9)
  assert.equal(
    steps.flatMap(({ groups }) => groups),
    [],
  )
})

test.run()
