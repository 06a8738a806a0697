/** Reviews of pull requests, as the comment is made from them. */
import { renderers } from '../../renderers/index.ts'
import { compare } from '../../scripts/lib/bundle/compare.ts'
import { diffChanges } from '../../scripts/lib/bundle/diff.ts'
import { emptyRendering } from '../../scripts/lib/bundle/render.ts'
import type { Rendering } from '../../scripts/lib/bundle/rendering.ts'
import type { Problem } from '../../scripts/lib/definition/problem.ts'
import { readSources, type Source } from '../../scripts/lib/definition/source.ts'
import type { Review } from '../../scripts/lib/review/comment.ts'
import { planned } from '../rollout/lab.ts'
import { rendering } from '../rollout/sketch.ts'
import { example, renderedFrom, withSecrets } from './labs.ts'
import { broken, sound } from './rehearsal-reports.ts'

export const head = '9e8d7c6'.padEnd(40, '0')
export const base = 'a1b2c3d'.padEnd(40, '0')

export const nothingKnown: Review = {
  lab: null,
  problems: null,
  changes: null,
  code: [],
  plan: null,
  rehearsal: null,
  head,
  artifact: 'https://github.example/o/r/actions/runs/7',
}

/** The review of a change from one side to the other, in which nothing was found. */
export function reviewOf(before: Rendering, after: Rendering, over: Partial<Review> = {}): Review {
  const changes = compare(before, after)
  return {
    ...nothingKnown,
    lab: after.lab,
    problems: [],
    changes: { base, changes, diffs: diffChanges(before, after, changes), sinceDeployed: null },
    plan: planned(before, after, { last: [] }, renderers, changes),
    ...over,
  }
}

export function problem(over: Partial<Problem> = {}): Problem {
  return {
    severity: 'error',
    rule: 'address-outside-network',
    file: 'lab/nodes/pve2.yaml',
    line: 7,
    column: 14,
    length: 9,
    excerpt: '  cluster: 10.0.2.12',
    message: '10.0.2.12 is not in network "cluster" (10.0.0.0/24)',
    help: 'take a free address, e.g. 10.0.0.14',
    ...over,
  }
}

async function labOf(name: string): Promise<readonly Source[]> {
  return await readSources(new URL(`../labs/${name}`, import.meta.url).pathname)
}

async function smallerPackets(): Promise<Review> {
  const sides = [
    await example((text) => text),
    await example((text) => text.replace('mtu: 1400', 'mtu: 1380')),
  ] as const
  const review = reviewOf(...sides, { rehearsal: sound })
  const ahead = [{ commit: 'c'.repeat(40), subject: 'Names for @everybody, closes #12 ``` <b>' }]
  const sinceDeployed = { deployed: 'd'.repeat(40), ahead, behind: [] }
  return { ...review, changes: review.changes === null ? null : { ...review.changes, sinceDeployed } }
}

async function password(): Promise<Review> {
  return reviewOf(await withSecrets('old'), await withSecrets('new'), { rehearsal: broken })
}

async function routerId(): Promise<Review> {
  return reviewOf(await example((text) => text), await example((text) => text.replace('id: 10', 'id: 11')))
}

async function fourthNode(): Promise<readonly [Rendering, Rendering]> {
  const three = await labOf('trio')
  const node = three.find(({ path }) => path === 'nodes/n3.yaml') ?? { path: '', text: '' }
  const text = node.text
    .replace('Server 3', 'Server 4')
    .replace('id: 3', 'id: 4')
    .replaceAll(/\.(?:23|13)\b/g, '.24')
  return [renderedFrom(three), renderedFrom([...three, { path: 'nodes/n4.yaml', text }])]
}

async function nodeGoes(): Promise<Review> {
  const [three, four] = await fourthNode()
  return reviewOf(four, three, { problems: [problem({ severity: 'warning', rule: 'one-resolver' })] })
}

async function withoutDevice(): Promise<Review> {
  const duo = await labOf('duo')
  const alone = duo.map((each) => ({ ...each, text: each.text.replace(/device:[^]*/, '') }))
  const code = ['.github/workflows/deploy.yml', 'package-lock.json', 'renderers/corosync/corosync.conf.njk']
  return reviewOf(renderedFrom(duo), renderedFrom(alone), { code })
}

async function newLab(): Promise<Review> {
  const pair = renderedFrom(await labOf('pair'))
  return reviewOf(emptyRendering(pair.lab), pair)
}

export const nasty = [
  '```',
  '`'.repeat(90),
  '|',
  '</details>',
  '<!--',
  '-->',
  '<script>alert(1)</script>',
  '@someone',
  '@org/team',
  'fixes #1',
  'o/r#12',
  'https://evil.example/',
  'www.evil.example',
  '![x](https://evil.example/x.png)',
  '\u202e',
  '\u200b',
  '\u0000',
  '\n### ✅ safe\n',
  '\r',
  '\u2028',
  '\u3164',
  '𝒳',
]

function hostile(): Review {
  const path = `/etc/${nasty.join(' ')}`
  const acts = [{ run: nasty }]
  const side = (version: string) => {
    const text = `${nasty.map((each) => `${each} ${version}`).join('\n')}\n`
    const sketch = {
      host: 'a',
      part: 'p',
      files: { [path]: version },
      effect: { acts, interrupts: [`${nasty.join('')}@a`] },
    }
    const group = { id: nasty.join(''), kind: 'quorum' as const, minimum: 0, members: [{ id: `${nasty.join('')}@a` }] }
    return { ...rendering([sketch], [group]), contents: { [version]: [text] } }
  }
  const ahead = [{ commit: nasty.join(''), subject: nasty.join(' ') }]
  const review = reviewOf(side('old'), side('new'), {
    lab: nasty.join(''),
    code: [...nasty.map((each) => `renderers/${each}`), ...nasty.map((each) => `scripts/${each.repeat(99)}`)],
    problems: [problem({ severity: 'warning', file: nasty.join(''), message: nasty.join(' '), help: nasty.join(' ') })],
    rehearsal: { ...broken, violations: nasty, standIns: nasty, notRehearsed: [nasty.join(' ')] },
  })
  const diffs = review.changes?.diffs.map((diff) => ({ ...diff, notes: nasty.map((each) => `secret ${each}`) })) ?? []
  const sinceDeployed = { deployed: nasty.join(''), ahead, behind: [] }
  return { ...review, changes: { base: nasty.join(''), changes: review.changes?.changes ?? [], diffs, sinceDeployed } }
}

/** By what each is about. */
export const reviews: Readonly<Record<string, () => Review | Promise<Review>>> = {
  'smaller-packets': smallerPackets,
  password,
  'router-id-refused': routerId,
  'node-comes': async () => reviewOf(...(await fourthNode()), { code: ['.sops.yaml', 'lab/known_hosts'] }),
  'node-goes': nodeGoes,
  'device-goes': withoutDevice,
  'new-lab': newLab,
  errors: () => ({ ...nothingKnown, problems: [problem(), problem({ severity: 'warning', rule: 'one-resolver' })] }),
  nothing: async () => reviewOf(await example((text) => text), await example((text) => text)),
  'broke-off': () => ({ ...nothingKnown, artifact: null }),
  hostile,
}
