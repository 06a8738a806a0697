/**
 * Runs enclosed, as a program: deploys the lab "trio" on a twin, then changes that each cut the deployer off from a host, and one while a host
 * lacks a program; prints a JSON document with what became of each.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { renderers } from '../../renderers/index.ts'
import { emptyRendering } from '../../scripts/lib/bundle/render.ts'
import { renderFolder } from '../../scripts/lib/bundle/lab-rendering.ts'
import type { Event } from '../../scripts/lib/deployment/event.ts'
import { standInSecrets } from '../../scripts/lib/deployment/secrets.ts'
import type { Failure } from '../../scripts/lib/failure.ts'
import { heldByAll } from '../../scripts/lib/twin/held.ts'
import type { RehearsalRequest } from '../../scripts/lib/twin/request.ts'
import type { Furnished } from '../../scripts/lib/twin/sides.ts'
import { deployBase, openTheatre } from '../../scripts/lib/twin/theatre.ts'
import { wiringOf } from '../../scripts/lib/twin/wiring.ts'
import { top } from '../house/source-tree.ts'

export interface LockOut {
  readonly name: string
  readonly exit: number | null
  readonly why: string
  /** How each host that took the change back did so, in the deployer's words. */
  readonly back: readonly string[]
  /** By host: "old" or "new". */
  readonly held: Readonly<Record<string, string>>
  /** Whether the next, unchanged run finds nothing to do on a host that answers. */
  readonly again: number | null
}

export interface Found {
  readonly cuts: readonly LockOut[]
  readonly lacking: {
    readonly exit: number | null
    readonly failure: Failure | null
    /** What the hosts keep, before and after: the same text where nothing was touched. */
    readonly kept: readonly [string, string]
  }
}

type Edit = readonly [file: string, from: string, to: string]

const cuts: readonly { readonly name: string; readonly edits: readonly Edit[] }[] = [
  {
    name: 'sshd takes no key any more, by a condition that the check of the definition does not follow',
    edits: [
      ['files/nodes/etc/ssh/sshd_config.d/10-lab.conf', 'MaxAuthTries 4', 'Match all\n  PubkeyAuthentication no'],
    ],
  },
  {
    name: 'a firewall lets nobody in, in words that the check of the definition does not follow',
    edits: [['files/nodes/etc/nftables.conf', 'tcp dport 25 drop', 'meta l4proto tcp th dport 22 drop']],
  },
  {
    name: 'the default route leads nowhere',
    edits: [['nodes/n2.yaml', 'gateway: 203.0.113.1', 'gateway: 203.0.113.254']],
  },
  {
    name: 'a new VPN has the network that the deployer is in, so that every answer to it goes into the tunnel',
    edits: [
      ['networks.yaml', 'cluster:', 'backup: { carrier: tinc, subnets: [198.18.0.0/24] }\n\ncluster:'],
      ['services/tinc.yaml', '    port: 655', '    port: 655\n  backup:\n    port: 656'],
      ['nodes/n2.yaml', '  cluster: 10.7.0.12', '  cluster: 10.7.0.12\n  backup: 198.18.0.12'],
      ['nodes/n3.yaml', '  cluster: 10.7.0.13', '  cluster: 10.7.0.13\n  backup: 198.18.0.13'],
    ],
  },
]

const [, , folder = '', cgroup = '', image = '', packages = ''] = process.argv
const labs = mkdtempSync(join(tmpdir(), 'quorate-lock-out-'))
const base = labFolder([])
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
const { before } = theatre.sides
const found: LockOut[] = []
for (const { name, edits } of cuts) {
  const side = await sideOf(edits)
  const back: string[] = []
  const report = (event: Event) => {
    theatre.event(event)
    if (event.kind === 'reverted') back.push(event.detail)
  }
  const outcome = await theatre.deploy(side, { former: before.rendering, adopt: false, without: [] }, report).outcome
  const held = await heldByAll(theatre.twin, { before, after: side })
  const again = await theatre.deploy(
    before,
    { former: emptyRendering('trio'), adopt: false, without: [] },
    theatre.event,
  ).outcome
  found.push({
    name,
    exit: outcome?.exit ?? null,
    why: outcome?.failure?.what ?? '',
    back,
    held,
    again: again?.exit ?? null,
  })
}
const lacking = await whileLacking('n2', '/usr/sbin/nft')
rmSync(labs, { recursive: true })
process.stdout.write(JSON.stringify({ cuts: found, lacking } satisfies Found), () => process.exit(0))

/** What a deployment comes to while a host lacks a program that a part needs. */
async function whileLacking(host: string, program: string): Promise<Found['lacking']> {
  const machine = theatre.twin.machine(host)
  await machine.exec(['mv', program, `${program}.away`])
  const side = await sideOf([['files/nodes/etc/ssh/sshd_config.d/10-lab.conf', 'MaxAuthTries 4', 'MaxAuthTries 5']])
  const old = await kept()
  const outcome = await theatre.deploy(side, { former: before.rendering, adopt: false, without: [] }, theatre.event)
    .outcome
  return { exit: outcome?.exit ?? null, failure: outcome?.failure ?? null, kept: [old, await kept()] }
}

/** Every file of all hosts that a deployment could change or make, with its times. */
async function kept(): Promise<string> {
  const list = ['find', '/etc', '/var/lib/quorate', '-printf', String.raw`%p %T@ %C@ %s\n`]
  const lists = theatre.nodes.map(async (host) => (await theatre.twin.machine(host).exec(list)).stdout)
  return (await Promise.all(lists)).join('\n')
}

/** The lab with some edits, rendered, with the secrets of before. */
async function sideOf(edits: readonly Edit[]): Promise<Furnished> {
  const changed = labFolder(edits)
  const after = await renderFolder(changed, dirname(changed), renderers)
  if (after.rendering === null) throw new Error(JSON.stringify(after.definition.problems))
  const { made } = theatre.sides.before
  return { rendering: after.rendering, made, secrets: standInSecrets(new Map(made)) }
}

/** A copy of the lab, with some edits. */
function labFolder(edits: readonly Edit[]): string {
  const place = join(mkdtempSync(join(labs, 'repository-')), 'lab')
  cpSync(join(top, 'test/labs/trio'), place, { recursive: true })
  for (const [file, from, to] of edits) {
    const path = join(place, file)
    const text = readFileSync(path, 'utf8')
    if (!text.includes(from)) throw new Error(`${file} does not hold "${from}"`)
    writeFileSync(
      path,
      text.replace(from, () => to),
    )
  }
  return place
}
