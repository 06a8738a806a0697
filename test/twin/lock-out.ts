/**
 * Runs enclosed, as a program: deploys the lab "trio" on a twin, then changes that each cut the deployer off from a host, and prints a JSON
 * document with what became of each.
 */
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { renderers } from '../../renderers/index.ts'
import { emptyRendering } from '../../scripts/lib/bundle/render.ts'
import { renderFolder } from '../../scripts/lib/bundle/lab-rendering.ts'
import { standInSecrets } from '../../scripts/lib/deployment/secrets.ts'
import { heldByAll } from '../../scripts/lib/twin/held.ts'
import type { RehearsalRequest } from '../../scripts/lib/twin/request.ts'
import { deployBase, openTheatre } from '../../scripts/lib/twin/theatre.ts'
import { wiringOf } from '../../scripts/lib/twin/wiring.ts'
import { top } from '../house/source-tree.ts'

export interface LockOut {
  readonly name: string
  readonly exit: number | null
  readonly why: string
  /** By host: "old" or "new". */
  readonly held: Readonly<Record<string, string>>
  /** Whether the next, unchanged run finds nothing to do on a host that answers. */
  readonly again: number | null
}

const cuts = [
  {
    name: 'sshd listens where nobody comes in',
    edit: ['files/nodes/etc/ssh/sshd_config.d/10-lab.conf', 'MaxAuthTries 4', 'ListenAddress 127.0.0.1'],
  },
  {
    name: 'a firewall lets nobody in',
    edit: ['files/nodes/etc/nftables.conf', 'tcp dport 25 drop', 'tcp dport 22 drop'],
  },
  {
    name: 'the default route leads nowhere',
    edit: ['nodes/n2.yaml', 'gateway: 203.0.113.1', 'gateway: 203.0.113.254'],
  },
] as const

const [, , folder = '', cgroup = '', image = '', packages = ''] = process.argv
const base = labFolder(null)
const { definition, rendering } = await renderFolder(base, dirname(base), renderers)
if (definition.lab === null || rendering === null) throw new Error(JSON.stringify(definition.problems))
const images = { folder: image, packages: packages.split(',') }
const request: RehearsalRequest = {
  wiring: wiringOf([definition.lab]),
  before: rendering,
  after: rendering,
  base: null,
  commit: null,
  images: { node: images, guest: images },
  folder,
  cgroup,
  last: [],
  faults: [],
  keep: false,
  lab: join(top, 'lab'),
  quorate: [process.execPath, join(top, 'scripts/launcher.js')],
}
const theatre = await openTheatre(request, (word) => {
  process.stderr.write(`${word.kind === 'stage' ? word.text : JSON.stringify(word.event)}\n`)
})
await theatre.twin.startNodes(theatre.nodes)
await deployBase(theatre)
const found: LockOut[] = []
for (const cut of cuts) {
  const changed = labFolder(cut.edit)
  const after = await renderFolder(changed, dirname(changed), renderers)
  if (after.rendering === null) throw new Error(JSON.stringify(after.definition.problems))
  const { before } = theatre.sides
  const side = { rendering: after.rendering, made: before.made, secrets: standInSecrets(new Map(before.made)) }
  const outcome = await theatre.deploy(side, { former: rendering, adopt: false, without: [] }, theatre.event).outcome
  const held = await heldByAll(theatre.twin, { before, after: side })
  const again = await theatre.deploy(
    before,
    { former: emptyRendering('trio'), adopt: false, without: [] },
    theatre.event,
  ).outcome
  found.push({
    name: cut.name,
    exit: outcome?.exit ?? null,
    why: outcome?.failure?.what ?? '',
    held,
    again: again?.exit ?? null,
  })
}
process.stdout.write(JSON.stringify(found), () => process.exit(0))

/** A copy of the lab, with one edit. */
function labFolder(edit: (typeof cuts)[number]['edit'] | null): string {
  const place = join(mkdtempSync(join(tmpdir(), 'quorate-lock-out-')), 'lab')
  cpSync(join(top, 'test/labs/trio'), place, { recursive: true })
  if (edit === null) return place
  const [file, from, to] = edit
  const path = join(place, file)
  writeFileSync(
    path,
    readFileSync(path, 'utf8').replace(from, () => to),
  )
  return place
}
