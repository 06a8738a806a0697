/** What holds of every rollout beyond its safety; and that the simulator, which judges that, finds a planner that errs. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Change } from '../../scripts/lib/bundle/change.ts'
import { compare } from '../../scripts/lib/bundle/compare.ts'
import type { Rendering } from '../../scripts/lib/bundle/rendering.ts'
import { plan } from '../../scripts/lib/rollout/plan.ts'
import { packageRoot } from '../../scripts/lib/roots.ts'
import { randomLab } from './simulator/random-lab.ts'
import { faultsOf } from './simulator/simulator.ts'
import type { Case } from './simulator/lab-case.ts'
import { type PartSketch, rendering } from './sketch.ts'

/** Labs in which a planted fault has to show. */
const tried = 1000

test('the order in which hosts and changes are listed makes no difference', () => {
  for (let seed = 0; seed < 100; seed += 1) {
    const lab = randomLab(seed)
    const changes = compare(lab.before, lab.after)
    const turned = plan(shuffled(lab.before, seed), shuffled(lab.after, seed + 1), rotated(changes, seed), [], lab)
    assert.equal(turned, plan(lab.before, lab.after, changes, [], lab), `seed ${seed}`)
  }
})

function shuffled(side: Rendering, turn: number): Rendering {
  return { ...side, hosts: Object.fromEntries(rotated(Object.entries(side.hosts).toReversed(), turn)) }
}

function rotated<T>(items: readonly T[], turn: number): readonly T[] {
  const at = items.length === 0 ? 0 : turn % items.length
  return [...items.slice(at), ...items.slice(0, at)]
}

/** One rule of the planner turned off or round: file, text, text instead. */
const faults: readonly (readonly [name: string, file: string, text: string, instead: string])[] = [
  ['what is carried does not fall', 'interruption.ts', 'queue.push(member.id)', 'void member'],
  ['a member keeps up without all that it needs', 'interruption.ts', 'ways.every((id) => away.has(id))', 'false'],
  ['steps of one group go together', 'claims.ts', 'claims.set(`group ${group}`, alone)', 'void group'],
  ['steps on one host go together', 'claims.ts', 'claims.set(`host ${host}`, alone)', 'void host'],
  ['layers of one cell go together', 'claims.ts', '`layer ${draft.layer}`', "'any'"],
  ['risky layers first', 'sequence.ts', 'a.layer - b.layer', 'b.layer - a.layer'],
  ['hosts to come last come first', 'precedence.ts', 'Number(isLast)', '-Number(isLast)'],
  ['the one in charge goes first', 'precedence.ts', 'Number(isMaster)', '-Number(isMaster)'],
  ['masters before backups', 'precedence.ts', '[member.id, index]', '[member.id, -index]'],
  ['users before what they stand on', 'precedence.ts', "other.kind === 'new'", 'false'],
  ['carriers leave before their users', 'precedence.ts', "draft.kind === 'removed'", 'false'],
  ['a VPN that carries a quorum is like any other', 'draft.ts', 'manifest.layer === 4', 'false'],
  ['nothing is refused', 'assembled.ts', 'margin.during < margin.needs', 'false'],
  ['a group that stays above is refused', 'assembled.ts', 'during < margin.needs', 'during <= margin.needs'],
  ['steps of a cell wait for each other', 'claims.ts', 'risky ? alone :', 'hosts.length > 0 ? alone :'],
  ['the margin is one too many', 'margin.ts', 'relevant.length) - 1', 'relevant.length)'],
  ['dead hosts take nothing with them', 'margin.ts', 'losses.get(host) ?? []', '[]'],
  ['a lost host dies once more', 'margin.ts', ' && !lost.includes(host)', ''],
  ['a change is lost', 'plan.ts', 'steps.push(...made)', 'steps.push(...made.slice(0, 2))'],
  ['no other order is tried', 'plan.ts', 'deferred(both, usual, precedence, order) ?? usual', 'usual'],
  ['another order forgets the layers', 'deferred.ts', 'layer >= own.layer', 'layer >= 0'],
  ['another order forgets what stands on what', 'deferred.ts', 'stands(draft, other)', 'false'],
  ['a step that has to wait is given up', 'deferred.ts', 'other !== draft &&', 'other === draft &&'],
  ['members that have left still count', 'progress.ts', 'open.has(id) && !begun.has(id)', 'true'],
  [
    'members that leave in two steps count until the second',
    'progress.ts',
    'open.has(id) && !begun.has(id)',
    'open.has(id)',
  ],
  [
    'members that come in two steps count after the first',
    'progress.ts',
    'begun.has(id) && !open.has(id)',
    'begun.has(id)',
  ],
  [
    'only the old majority has to hold',
    'progress.ts',
    "=== 'quorum') return both",
    "=== 'quorum') return both.slice(0, 1)",
  ],
  [
    'only the new majority has to hold',
    'progress.ts',
    "=== 'quorum') return both",
    "=== 'quorum') return both.slice(1)",
  ],
  ['the smaller new minimum is counted on at once', 'progress.ts', 'isFresh && !leaves', 'false'],
  [
    'the new definition holds before anything has changed',
    'progress.ts',
    '[demand(before, isThere)]',
    '[demand(after, isThere)]',
  ],
  ['who joined counts before anybody asks it', 'progress.ts', 'isThere(id) && known.has(id)', 'isThere(id)'],
  ['who joined earlier is not interrupted', 'assembled.ts', ' || now.isThere(id)', ''],
  ['groups are not gated', 'assembled.ts', '!below.includes(group))', 'false)'],
  ['what stands in is not gated', 'claims.ts', ' || leaned.has(member.id)', ''],
  ['those who are missing are asked for', 'assembled.ts', 'now.missing(group)', '[]'],
  ['a host that was lost still counts', 'progress.ts', 'if (world.gone.has(id)) return false', ''],
  [
    'a group that lost hosts brought down has nothing to lose',
    'progress.ts',
    '(id) => world.before.inPlace.has(id))',
    '(id) => world.before.inPlace.has(id) && !world.gone.has(id))',
  ],
  ['lost hosts take nothing with them', 'world.ts', '[...(losses.get(host) ?? [])]', '[]'],
  ['what is lost takes no part in what else falls', 'interruption.ts', '[...gone, ...start]', 'start'],
  ['who needs something is not looked up', 'near.ts', '...needs.flat(), ', ''],
  ['who provides something is not looked up', 'near.ts', '...provides, ', ''],
  ['a part stands on itself', 'precedence.ts', '.filter((id) => !own.has(id))', ''],
  ['the one in charge may be dead', 'in-charge.ts', '!world.gone.has(id)', 'true'],
  ['two ways of one member are taken together', 'claims.ts', 'claims.set(`way ${member.id}`, alone)', 'void member'],
]

test('the simulator finds every fault that is planted in the planner', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'quorate-planner-'))
  try {
    const missed: string[] = []
    for (const [index, [name, file, text, instead]] of faults.entries()) {
      const faulty = await planted(join(folder, String(index)), file, text, instead)
      if (!isFound(faulty)) missed.push(name)
    }
    assert.equal(missed, [])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

/** Whether a lab shows what is wrong with a planner. */
function isFound(planner: typeof plan): boolean {
  const labs = [
    () => twoWays([]),
    () => twoWays(['a2']),
    deadMaster,
    ...Array.from({ length: tried }, (_, seed) => () => randomLab(seed)),
  ]
  return labs.some((draw) => {
    const lab = draw()
    return faultsOf(lab, planner(lab.before, lab.after, compare(lab.before, lab.after), [], lab)).length > 0
  })
}

/** A guest with a foot on either of two nodes, which promise nothing: too rare a lab to wait for. */
function twoWays(lost: readonly string[]): Case {
  const side = (files: string) => {
    const nodes = ['a1', 'a2'].map((host): PartSketch => {
      const text = lost.includes(host) ? 'old' : files
      return { host, part: 'net', layer: 7, files: text, effect: { interrupts: [`net:lan@${host}`] } }
    })
    const foot = { id: 'foot@a3', needs: [['net:lan@a1', 'net:lan@a2']], provides: ['net:lan@a3'] }
    const serve = { id: 'serve@a3', needs: [['net:lan@a3']] }
    return rendering(
      [...nodes, { host: 'a3', part: 'serve' }],
      [
        { id: 'foot', minimum: 0, members: [foot] },
        { id: 'serve', minimum: 1, members: [serve] },
      ],
    )
  }
  return { before: side('old'), after: side('young'), last: [], lost, acceptOutage: [] }
}

/** The router's master is lost, and the one that took over comes last. */
function deadMaster(): Case {
  const hosts = ['a1', 'a2', 'a3', 'a4']
  const side = (young: string) => {
    const parts = hosts.flatMap((host): PartSketch[] => [
      { host, part: 'net', layer: 7, files: host === 'a1' ? 'old' : young, effect: { interrupts: [`net@${host}`] } },
      { host, part: 'router' },
    ])
    const nets = hosts.map((host) => ({ id: `net@${host}`, provides: [`net:lan@${host}`] }))
    const routers = hosts.toReversed().map((host) => ({ id: `router@${host}`, needs: [[`net:lan@${host}`]] }))
    return rendering(parts, [
      { id: 'net', minimum: 2, members: nets },
      { id: 'router', minimum: 1, members: routers },
    ])
  }
  return { before: side('old'), after: side('young'), last: [], lost: ['a1'], acceptOutage: [] }
}

/** A copy of the planner with one text replaced by another. */
async function planted(folder: string, file: string, text: string, instead: string): Promise<typeof plan> {
  const lib = join(folder, 'scripts', 'lib')
  for (const part of ['rollout', 'bundle']) {
    await cp(join(packageRoot, 'scripts', 'lib', part), join(lib, part), { recursive: true })
  }
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n')
  const path = join(lib, 'rollout', file)
  const source = await readFile(path, 'utf8')
  assert.ok(source.includes(text), `${file} has no ${text}: bring the planted faults up to date`)
  await writeFile(path, source.replaceAll(text, instead))
  const module = (await import(pathToFileURL(join(lib, 'rollout', 'plan.ts')).href)) as { plan: typeof plan }
  return module.plan
}

test('a rollout for three hundred hosts is planned without going through every pair', () => {
  const names = Array.from({ length: 300 }, (_, index) => `host${index}`)
  const side = (text: string): Rendering => wide(names, text)
  const changes: readonly Change[] = compare(side('old'), side('young'))
  const result = plan(side('old'), side('young'), changes, [], { last: [] })
  assert.is(result.kind === 'rollout' && result.rollout.waves.length, 1)
})

function wide(names: readonly string[], text: string): Rendering {
  return rendering(names.map((host) => ({ host, part: 'motd', files: text })))
}

test.run()
