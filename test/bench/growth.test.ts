/** How time and memory grow with a lab. Only relations are looked at, never seconds: of four times as many hosts, by doubling. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { renderers } from '../../renderers/index.ts'
import { tinc } from '../../renderers/tinc/index.ts'
import type { TincSettings } from '../../renderers/tinc/settings.ts'
import { cellsService } from '../../scripts/lib/bench/cells-service.ts'
import { labSources, type LabQuestion } from '../../scripts/lib/bench/lab-sources.ts'
import { previewTimes, type PreviewTimes } from '../../scripts/lib/bench/preview.ts'
import { renderLab } from '../../scripts/lib/bundle/render.ts'
import { define } from '../../scripts/lib/definition/definition.ts'

const registry = [...renderers, cellsService]
/** What twice as many hosts may cost. 2 is linear, 4 is every pair. */
const most = 2.3
const [few, many] = [75, 300]
/** A machine that is busy with other things gets another chance. */
const runs = 4

/** Processor time, which others on the machine take less part in than in time. Milliseconds. */
function spent(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

type Question = Pick<LabQuestion, 'shape'> & { readonly to: 1 | 2 }

function preview(hosts: number, { shape, to }: Question): PreviewTimes {
  const sides = [labSources({ hosts, shape, edition: 0 }), labSources({ hosts, shape, edition: to })] as const
  return previewTimes(sides, registry, spent)
}

/** Keeps the shortest time of every stage. */
function note(least: Map<string, number>, times: PreviewTimes): void {
  for (const [stage, time] of Object.entries(times)) least.set(stage, Math.min(least.get(stage) ?? Infinity, time))
}

/** The factor of one doubling, of what `few` and `many` cost. */
function perDoubling(before: number, after: number): number {
  return (after / before) ** (1 / Math.log2(many / few))
}

function rendered(hosts: number, shape: LabQuestion['shape']) {
  const { lab } = define(labSources({ hosts, shape, edition: 0 }), 'lab', registry)
  if (lab === null) throw new Error('the lab is not sound')
  return { lab, rendering: renderLab(lab, registry, {}).rendering }
}

for (const to of [1, 2] as const) {
  const name = to === 1 ? 'of files outside any quorum' : 'of every VPN'
  test(`check, render, compare, diff and plan ${name} grow with the hosts, not with their pairs`, () => {
    const question = { shape: 'cells', to } as const
    preview(few, question)
    let factors: Readonly<Record<string, number>> = {}
    const least = [new Map<string, number>(), new Map<string, number>()] as const
    for (let run = 0; run < runs; run += 1) {
      note(least[0], preview(few, question))
      note(least[1], preview(many, question))
      // Below this a timer's own grain and a collection of garbage decide.
      factors = Object.fromEntries(
        [...least[1]].map(([stage, time]) => [stage, perDoubling(Math.max(least[0].get(stage) ?? 0, 10), time)]),
      )
      if (Object.values(factors).every((factor) => factor <= most)) return
    }
    assert.unreachable(`times as long for twice as many hosts: ${JSON.stringify(factors)}`)
  })
}

/** Everything that a value holds, what is in it at several places once: fields of objects and characters of texts. */
function held(value: unknown): number {
  const seen = new Set<unknown>()
  let size = 0
  const open = [value]
  for (let each = open.pop(); open.length > 0 || each !== undefined; each = open.pop()) {
    if ((typeof each !== 'object' && typeof each !== 'string') || each === null || seen.has(each)) continue
    seen.add(each)
    const inside = typeof each === 'string' ? [] : [...Object.keys(each), ...Object.values(each)]
    size += typeof each === 'string' ? each.length : inside.length
    open.push(...inside.filter((one) => one !== undefined))
  }
  return size
}

test('what is kept of a lab grows with its hosts and distinct files', () => {
  const factor = perDoubling(held(rendered(few, 'cells')), held(rendered(many, 'cells')))
  assert.ok(factor <= 2.1, `${factor.toFixed(2)} times as much for twice as many hosts`)
})

test("a full mesh of tinc's host files is held once: a text and a peer per host, however many hosts have the file", () => {
  for (const hosts of [few, 2 * few]) {
    const { lab, rendering } = rendered(hosts, 'one-vpn')
    const bundles = Object.values(rendering.hosts)
    const files = bundles.flatMap((bundle) => bundle.parts.flatMap((part) => part.files))
    const mesh = files.filter(({ path }) => path.startsWith('/etc/tinc/mesh/hosts/'))
    assert.is(mesh.length, hosts * hosts)
    assert.is(new Set(mesh.map(({ content }) => content)).size, hosts)
    assert.is(new Set(mesh.map(({ secrets }) => secrets)).size, hosts)
    const settings = bundles.map(({ services }) => services['tinc']?.settings as TincSettings)
    const peers = settings.flatMap(({ vpns }) => [
      ...(vpns['mesh']?.peers ?? []),
      ...(vpns['mesh'] === undefined ? [] : [vpns['mesh'].self]),
    ])
    assert.is(new Set(peers).size, hosts)
    const texts = bundles.flatMap(({ host, services }) =>
      tinc.parts(host, services['tinc']?.settings as TincSettings).flatMap((part) => part.files),
    )
    const shared = texts.filter(({ path }) => path.startsWith('/etc/tinc/mesh/hosts/')).map(({ text }) => text)
    assert.is(new Set(shared).size, hosts)
    assert.is(Object.keys(lab.hosts).length, hosts)
  }
})

test.run()
