import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Line } from '../../renderers/renderer.ts'
import { notRehearsed } from '../../scripts/lib/twin/limits.ts'
import type { RehearsalRequest } from '../../scripts/lib/twin/request.ts'

const why = 'Error: Specified qdisc kind is unknown.'

/** Sentences of a rehearsal whose nodes have these lines; `refused`: nodes whose line the kernel did not slow down. */
function sentences(lines: Readonly<Record<string, Line | null>>, refused: readonly string[]): readonly string[] {
  const nodes = Object.entries(lines).map(([name, line]) => ({ name, cables: [{ line }] }))
  const request = { wiring: { nodes, visitors: [] }, after: { hosts: {} } } as unknown as RehearsalRequest
  return notRehearsed(request, [], { series: [], said: [] }, 0, false, new Map(refused.map((name) => [name, why])))
}

const slow = { latencyMs: 12, lossPercent: 0.5 }
const far = { latencyMs: 9.5, lossPercent: 0 }

test('lines that are as slow and lossy as the lab says are no limit of a rehearsal', () => {
  assert.equal(sentences({ a: slow, b: far }, []), [])
})

test('where the kernel does not do that, it is said with the lab’s figures and the kernel’s words', () => {
  assert.equal(sentences({ a: slow, b: far }, ['a', 'b']), [
    `delay and loss of the lines (a 12 ms and 0.5 % lost; b 9.5 ms and 0 % lost; each way): this machine's kernel does not do that (${why})`,
  ])
})

test('a line that the lab says nothing of is named', () => {
  assert.equal(sentences({ a: slow, b: null, c: null }, []), [
    'delay and loss of the lines of b, c: the lab does not name them ("line:" beside "port:")',
  ])
})

test.run()
