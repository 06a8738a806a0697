/** What holds of every rollout, over random labs and by a checker of its own; and that the checker finds a planner that errs. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Change } from '../../scripts/lib/bundle/change.ts'
import { compare } from '../../scripts/lib/bundle/compare.ts'
import type { Rendering } from '../../scripts/lib/bundle/rendering.ts'
import { plan } from '../../scripts/lib/rollout/plan.ts'
import { packageRoot } from '../../scripts/lib/roots.ts'
import { isHopeless, violations } from './checker.ts'
import * as sketch from './lab.ts'
import { type Case, randomLab } from './random-lab.ts'

function judge({ before, after, last, lost }: Case, planner: typeof plan): readonly string[] {
  const changes = compare(before, after)
  const result = planner(before, after, changes, [], { last, lost })
  return result.kind === 'refused' ? [] : violations({ before, after, changes, last, lost }, result.rollout)
}

/** Also what the checker says of refusals, for labs whose groups stay as they are. */
function judgeStill(lab: Case, planner: typeof plan): readonly string[] {
  const changes = compare(lab.before, lab.after)
  const refused = planner(lab.before, lab.after, changes, [], { last: lab.last, lost: lab.lost }).kind === 'refused'
  const hopeless = isHopeless({ ...lab, changes })
  return [...judge(lab, planner), ...(refused === hopeless ? [] : [refused ? 'refused without need' : 'not refused'])]
}

test('a rollout keeps every group above its minimum, in as few waves as the rules allow, and is refused only where one step alone breaks one', () => {
  fc.assert(
    fc.property(randomLab(false), (lab) => assert.equal(judgeStill(lab, plan), [])),
    { numRuns: 100 },
  )
})

test('the same holds while members come and go', () => {
  fc.assert(
    fc.property(randomLab(true), (lab) => assert.equal(judge(lab, plan), [])),
    { numRuns: 100 },
  )
})

test('the order in which hosts and changes are listed makes no difference', () => {
  fc.assert(
    fc.property(randomLab(true), fc.nat(), ({ before, after, last, lost }, turn) => {
      const changes = compare(before, after)
      const straight = plan(before, after, changes, [], { last, lost })
      const turned = plan(shuffled(before, turn), shuffled(after, turn + 1), rotated(changes, turn), [], { last, lost })
      assert.equal(turned, straight)
    }),
    { numRuns: 60 },
  )
})

function shuffled(rendering: Rendering, turn: number): Rendering {
  return { ...rendering, hosts: Object.fromEntries(rotated(Object.entries(rendering.hosts).toReversed(), turn)) }
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
  ['two ways of one member are taken together', 'claims.ts', 'claims.set(`way ${member.id}`, alone)', 'void member'],
  ['layers of one cell go together', 'claims.ts', '`layer ${draft.layer}`', "'any'"],
  ['risky layers first', 'sequence.ts', 'layerOf(a) - layerOf(b)', 'layerOf(b) - layerOf(a)'],
  ['hosts to come last come first', 'sequence.ts', 'Number(isLast)', '-Number(isLast)'],
  ['the one in charge goes first', 'sequence.ts', 'Number(isMaster)', '-Number(isMaster)'],
  ['masters before backups', 'sequence.ts', '[member.id, index]', '[member.id, -index]'],
  ['users before what they stand on', 'sequence.ts', 'return !a.leaves && uses(b, a)', 'return false'],
  ['carriers leave before their users', 'sequence.ts', 'return uses(a, b) ||', 'return uses(b, a) ||'],
  ['a VPN that carries a quorum is like any other', 'draft.ts', 'manifest.layer === 4', 'false'],
  ['nothing is refused', 'assembled.ts', 'margin.during < margin.needs', 'false'],
  [
    'a group that stays above is refused',
    'assembled.ts',
    'margin.during < margin.needs',
    'margin.during <= margin.needs',
  ],
  ['steps of a cell wait for each other', 'claims.ts', 'risky ? alone :', 'hosts.length > 0 ? alone :'],
  ['the margin is one too many', 'margin.ts', 'enough - 1', 'enough'],
  ['dead hosts take nothing with them', 'margin.ts', 'losses.get(host) ?? []', '[]'],
  ['a change is lost', 'plan.ts', 'steps.push(...made)', 'steps.push(...made.slice(0, 2))'],
  ['members that have left still count', 'progress.ts', 'world.before.inPlace.has(id) && open.has(id)', 'true'],
  ['groups are not gated', 'assembled.ts', '!below.includes(group))', 'false)'],
  [
    'groups that were not whole are not gated',
    'assembled.ts',
    'const gate = groups.map((margin) => margin.group)',
    'const gate = groups.map((margin) => margin.group).filter((group) => now.missing(group).length === 0)',
  ],
  ['those who are missing are asked for', 'assembled.ts', 'now.missing(group)', '[]'],
  ['a host that was lost still counts', 'progress.ts', 'if (world.gone.has(id)) return false', ''],
  [
    'a group that lost hosts brought down has nothing to lose',
    'progress.ts',
    'world.before.inPlace.has(member.id))',
    'world.before.inPlace.has(member.id) && !world.gone.has(member.id))',
  ],
  ['lost hosts take nothing with them', 'world.ts', 'hostLoss(members, host)', '[]'],
  ['what is lost takes no part in what else falls', 'interruption.ts', '[...gone, ...start]', 'start'],
  ['the one in charge may be dead', 'in-charge.ts', '!world.gone.has(id)', 'true'],
]

test('the checker finds every fault that is planted in the planner', async () => {
  const random = [false, true].flatMap((lives) =>
    fc.sample(randomLab(lives), { seed: 7, numRuns: 120 }).map((lab) => ({ lab, lives })),
  )
  const labs = [{ lab: twoWays(), lives: false }, ...random]
  const folder = await mkdtemp(join(tmpdir(), 'quorate-planner-'))
  try {
    const missed: string[] = []
    for (const [index, [name, file, text, instead]] of faults.entries()) {
      const faulty = await planted(join(folder, String(index)), file, text, instead)
      const found = labs.some(({ lab, lives }) => (lives ? judge(lab, faulty) : judgeStill(lab, faulty)).length > 0)
      if (!found) missed.push(name)
    }
    assert.equal(missed, [])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

/** A guest with a foot on either of two nodes: too rare a lab to wait for. */
function twoWays(): Case {
  const side = (files: string) =>
    sketch.rendering(
      [
        ...['a1', 'a2'].map((host): sketch.PartSketch => {
          const effect = { interrupts: [`net:lan@${host}`] }
          return { host, part: 'net', layer: 7, files, effect }
        }),
        { host: 'a3', part: 'serve' },
      ],
      [
        {
          id: 'foot',
          minimum: 0,
          members: [{ id: 'foot@a3', needs: [['net:lan@a1', 'net:lan@a2']], provides: ['net:lan@a3'] }],
        },
        { id: 'serve', minimum: 1, members: [{ id: 'serve@a3', needs: [['net:lan@a3']] }] },
      ],
    )
  return { before: side('old'), after: side('young'), last: [], lost: [] }
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
  return sketch.rendering(names.map((host) => ({ host, part: 'motd', files: text })))
}

test.run()
