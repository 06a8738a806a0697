/** What the demo shows, in the order in which it shows it. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Renderer } from '../../renderers/renderer.ts'
import { canonicalJson } from '../lib/bundle/canonical.ts'
import { compare } from '../lib/bundle/compare.ts'
import { diffChanges } from '../lib/bundle/diff.ts'
import { renderFolder } from '../lib/bundle/lab-rendering.ts'
import type { Rendering } from '../lib/bundle/rendering.ts'
import { writeBundles } from '../lib/bundle/write.ts'
import { loadRenderers } from '../lib/definition/registry.ts'
import type { Outcome } from '../lib/deployment/outcome.ts'
import { changesText } from '../lib/review/changes-text.ts'
import { deploymentLines, outcomeText } from '../lib/review/deployment-text.ts'
import { labPicture } from '../lib/review/lab-picture.ts'
import { rolloutText } from '../lib/review/rollout-text.ts'
import { jumpHosts } from '../lib/rollout/order.ts'
import { plan } from '../lib/rollout/plan.ts'
import { packageRoot } from '../lib/roots.ts'
import { editLab, type Edit } from './sample-lab.ts'
import { openStage, pace, type Stage } from './stage.ts'

export interface Scene {
  readonly folder: string
  readonly lab: string
  print(text: string): void
  readonly columns: number
}

export interface Outcomes {
  readonly first: Outcome
  readonly change: Outcome
  readonly again: Outcome
  readonly mistake: Outcome
  /** Whether each of them ended as the story says. */
  readonly asTold: boolean
}

const goodChange: readonly Edit[] = [
  { file: 'networks.yaml', from: 'subnets: [10.0.0.0/24]\n  mtu: 1400', to: 'subnets: [10.0.0.0/24]\n  mtu: 1380' },
  {
    file: 'services/dnsmasq.yaml',
    from: "  vdi1: { mac: 'bc:24:11:00:00:15', address: 10.0.1.21 }\n",
    to: "  vdi1: { mac: 'bc:24:11:00:00:15', address: 10.0.1.21 }\n  vdi2: { mac: 'bc:24:11:00:00:16', address: 10.0.1.22 }\n",
  },
]

const mistake: readonly Edit[] = [{ file: 'nodes/pve2.yaml', from: 'port: eno1', to: 'port: eno2' }]

/** Plays the demo. Throws only for what no simulated host can do. */
export async function tell(scene: Scene): Promise<Outcomes> {
  const renderers = await loadRenderers(packageRoot)
  const base = await opening(scene, renderers)
  const stage = await openStage(base, renderers, join(scene.folder, 'hosts'))
  try {
    return await play(scene, renderers, stage, base)
  } finally {
    await stage.close()
  }
}

async function opening(scene: Scene, renderers: readonly Renderer[]): Promise<Rendering> {
  const { definition, rendering } = await renderFolder(scene.lab, scene.folder, renderers)
  if (definition.lab === null || rendering === null) throw new Error('the example lab has problems: see quorate check')
  scene.print(`${labPicture(definition.lab).join('\n')}\n${introduction}`)
  heading(scene, 1, 'The lab as it runs, set up by hand: checked, rendered, and taken over')
  const files = await writeBundles(rendering, join(scene.folder, 'bundles'))
  scene.print(
    `   no problems in ${definition.files} files; ${files} files rendered for ${Object.keys(rendering.hosts).length} hosts\n`,
  )
  return rendering
}

async function play(scene: Scene, renderers: readonly Renderer[], stage: Stage, base: Rendering): Promise<Outcomes> {
  const first = await stage.deploy(base, () => undefined)
  scene.print('   every host holds these files already: written down as known, no file changed and no unit told\n')
  scene.print(
    `   (the hosts are simulated in this process; SSH, SFTP and sh are real, and time runs ${pace} times faster)\n`,
  )

  heading(scene, 2, 'One good change: a smaller MTU on the VPN that carries the votes, and one more reservation')
  const changed = await edited(scene, renderers, goodChange)
  await showReview(scene, renderers, base, changed)
  const change = await shown(scene, stage, changed)

  heading(scene, 3, 'The same again: nothing is left to do')
  const again = await shown(scene, stage, changed)

  heading(scene, 4, 'One bad change that no check can see: the other network port of pve2, the one without a cable')
  const bad = await edited(scene, renderers, mistake)
  const last = await shown(scene, stage, bad)
  scene.print(moral)
  const asTold =
    first.exit === 0 && first.steps.length === 0 && change.exit === 0 && again.steps.length === 0 && last.exit === 3
  return { first, change, again, mistake: last, asTold }
}

async function edited(scene: Scene, renderers: readonly Renderer[], edits: readonly Edit[]): Promise<Rendering> {
  scene.print(indented(await editLab(scene.lab, edits)))
  const { rendering } = await renderFolder(scene.lab, scene.folder, renderers)
  if (rendering === null) throw new Error("the demo's edit of the example lab has problems: see quorate check")
  return rendering
}

/** What a pull request shows before anybody merges. */
async function showReview(scene: Scene, renderers: readonly Renderer[], before: Rendering, after: Rendering) {
  const changes = compare(before, after)
  const diffs = diffChanges(before, after, changes)
  scene.print(`\n${indented(changesText(diffs, { colour: false }))}\n`)
  const result = plan(before, after, changes, renderers, { last: jumpHosts(after) })
  await mkdir(scene.folder, { recursive: true })
  await writeFile(join(scene.folder, 'plan.json'), `${canonicalJson({ format: 1, ...result })}\n`)
  const options = { columns: Math.max(100, scene.columns - 3), from: null, to: null, lines: () => null }
  scene.print(`${indented(rolloutText(result, options))}\n`)
}

async function shown(scene: Scene, stage: Stage, target: Rendering): Promise<Outcome> {
  const text = deploymentLines({ now: () => stage.clock.now(), groups: false })
  const outcome = await stage.deploy(target, (event) => scene.print(indented(text.lines(event))))
  scene.print(indented(`${text.close()}${outcomeText(outcome, true)}`))
  return outcome
}

function heading(scene: Scene, number: number, text: string) {
  scene.print(`\n${number}  ${text}\n`)
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '   ')
}

const introduction = `
Three rented servers, each in a network of its own, and nobody can walk to them. They work as one only while 2 of 3 see each other:
that is the quorum. Below it nothing can be changed any more, and the watchdog resets every server. The VPN that carries their votes
is configured over the very network that a bad change cuts off. So quorate changes one server at a time, looks at all of them before
and after, and every change takes itself back unless somebody who can still get in says that it is good.
`

const moral = `
   pve2 could not be reached any more, by anyone. It took the change back by itself, with nobody watching, and the two others never
   stopped working. A plain push would have gone on to the next server.
`
