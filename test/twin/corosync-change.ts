/**
 * Runs enclosed, as a program: deploys the example lab's nodes on a twin, then changes of the corosync.conf that they share; prints a JSON
 * document with what became of each.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { renderers } from '../../renderers/index.ts'
import { renderFolder } from '../../scripts/lib/bundle/lab-rendering.ts'
import type { Rendering } from '../../scripts/lib/bundle/rendering.ts'
import type { Phase } from '../../scripts/lib/deployment/event.ts'
import { standInSecrets } from '../../scripts/lib/deployment/secrets.ts'
import type { RehearsalRequest } from '../../scripts/lib/twin/request.ts'
import type { Furnished } from '../../scripts/lib/twin/sides.ts'
import { timersFired } from '../../scripts/lib/twin/damage.ts'
import { openTheatre, wholeMs } from '../../scripts/lib/twin/theatre.ts'
import { untilWhole } from '../../scripts/lib/twin/whole.ts'
import { wiringOf } from '../../scripts/lib/twin/wiring.ts'
import { top } from '../house/source-tree.ts'

export interface Changed {
  readonly name: string
  /** Null where the deployer was killed. */
  readonly exit: number | null
  readonly why: string
  /** The fewest nodes that were quorate at one moment. */
  readonly fewest: number
  /** Seconds from the activation until all nodes were without quorum, and until they had it again; null where that never was. */
  readonly lost: number | null
  readonly back: number | null
  /** config_version in /etc/pve, and in every node's own copy. */
  readonly numbers: readonly number[]
  /** The token of /etc/pve, and of every node's own copy; null where none is set. */
  readonly tokens: readonly (number | null)[]
  /** How often corosync was started on each node meanwhile; its journal does not outlive the power. */
  readonly starts: readonly number[]
  /** Why the groups were not whole in the end; null where they were. */
  readonly unwell: string | null
  /** How a run that wants what was there before ended, and how many steps it had. */
  readonly again: readonly [number | null, number]
}

/** A network that cannot keep up with this token, in milliseconds. */
const tooHasty = 1500

const [, , folder = '', cgroup = '', image = '', packages = ''] = process.argv
const labs = mkdtempSync(join(tmpdir(), 'quorate-corosync-'))
const base = await renderedWith('')
const good = await renderedWith('token: 4000\n')
const bad = await renderedWith(`token: ${tooHasty}\n`)
const images = { folder: image, packages: packages.split(',') }
const request: RehearsalRequest = {
  wiring: wiringOf([base.lab]),
  before: base.rendering,
  after: base.rendering,
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
const say = (text: string) => process.stderr.write(`${text}\n`)
const theatre = await openTheatre(request, (word) =>
  say(word.kind === 'stage' ? word.text : JSON.stringify(word.event)),
)
const { twin, nodes, guests } = theatre
const groups = theatre.groups.filter(({ members }) => members.every(({ host }) => nodes.includes(host)))
await twin.startNodes(nodes)
const first = await run(base.rendering, true)
if (first?.exit !== 0) throw new Error(JSON.stringify(first?.failure))
await whole()
for (const node of nodes) await must(node, ['systemd-run', '--unit=hasty', '/bin/sh', '-c', hasty()])

const found: Changed[] = []
found.push(await change('a longer token', good.rendering, null))
found.push(await change('a token that is too short', bad.rendering, null))
found.push(
  await change('a token that is too short, and nobody watches', bad.rendering, { at: 'activated', happens: () => {} }),
)
const reboot = { at: 'armed', happens: () => restart('pve2') } as const
found.push(
  await change('nobody watches, and a node is switched off and on before anything is written', good.rendering, reboot),
)
const outage = { at: 'activated', happens: async () => void (await Promise.all(nodes.map(restart))) } as const
found.push(await change('the power goes once the short token is there', bad.rendering, outage))
rmSync(labs, { recursive: true })
await twin.close()
process.stdout.write(JSON.stringify(found), () => process.exit(0))

interface Cut {
  readonly at: Phase
  happens(): void | Promise<void>
}

/** The change, with the deployer killed where `cut` says; then all that comes by itself, and a run for what was there before. */
async function change(name: string, target: Rendering, cut: Cut | null): Promise<Changed> {
  say(`change: ${name}`)
  const started = await starts()
  const watching = { on: true, fewest: nodes.length, activated: 0, lost: 0, back: 0 }
  const watch = (async () => {
    while (watching.on) {
      const count = (await votes()).filter((own) => own >= 2).length
      watching.fewest = Math.min(watching.fewest, count)
      if (count === 0 && watching.lost === 0) watching.lost = performance.now()
      if (count === nodes.length && watching.lost > 0 && watching.back === 0) watching.back = performance.now()
      await sleep(200)
    }
  })()
  let happened: Promise<void> = Promise.resolve()
  const deployer = theatre.deploy(
    sideOf(target),
    { former: base.rendering, adopt: false, without: guests },
    (event) => {
      theatre.event(event)
      if (event.kind !== 'phase') return
      if (event.phase === 'activated' && !event.takingBack) watching.activated = performance.now()
      if (event.phase !== cut?.at) return
      deployer.kill()
      happened = Promise.resolve(cut.happens())
    },
  )
  const outcome = await deployer.outcome
  await happened
  if (cut !== null) await timersFired(twin)
  const unwell = await untilWhole(groups, twin.machine, wholeMs)
  watching.on = false
  await watch
  const since = (moment: number) => (moment === 0 ? null : Math.round((moment - watching.activated) / 100) / 10)
  const [numbers, tokens] = [await confs(/config_version: (\d+)/), await confs(/token: (\d+)/)]
  const now = await starts()
  await sleep(cut === null ? 0 : 32_000) // its lease runs out
  const before = await run(outcome?.exit === 0 ? target : base.rendering, false)
  const back = await run(base.rendering, false)
  if (back?.exit !== 0) throw new Error(`${name}: ${JSON.stringify(back?.failure)}`)
  const result: Changed = {
    name,
    exit: outcome?.exit ?? null,
    why: outcome?.failure?.what ?? '',
    fewest: watching.fewest,
    lost: since(watching.lost),
    back: since(watching.back),
    numbers: numbers.map(Number),
    tokens: tokens.map((token) => (token === null ? null : Number(token))),
    starts: now.map((count, index) => count - (started[index] ?? 0)),
    unwell,
    again: [before?.exit ?? null, before?.steps.length ?? -1],
  }
  say(JSON.stringify(result))
  return result
}

/** Inside every node: while its copy holds the short token, it hears nobody. */
function hasty(): string {
  const rule =
    'table inet hasty { chain in { type filter hook input priority -300; iifname != "lo" udp dport 5405-5412 drop; }; }'
  const look = `if grep -q 'token: ${tooHasty}$' /etc/corosync/corosync.conf`
  return `while :; do ${look}; then nft list table inet hasty >/dev/null 2>&1 || nft '${rule}'; else nft delete table inet hasty 2>/dev/null; fi; sleep 0.1; done`
}

async function restart(node: string): Promise<void> {
  await twin.powerOff(node)
  await twin.powerOn(node)
  await must(node, ['systemd-run', '--unit=hasty', '/bin/sh', '-c', hasty()])
}

async function run(target: Rendering, adopt: boolean) {
  const how = { former: base.rendering, adopt, without: guests }
  return theatre.deploy(sideOf(target), how, theatre.event).outcome
}

function sideOf(rendering: Rendering): Furnished {
  const { made } = theatre.sides.before
  return { rendering, made, secrets: standInSecrets(new Map(made)) }
}

async function whole(): Promise<void> {
  const unwell = await untilWhole(groups, twin.machine, wholeMs)
  if (unwell !== null) throw new Error(unwell)
}

/** What each node counts for itself; 0 where it is not quorate. */
async function votes(): Promise<readonly number[]> {
  return Promise.all(
    nodes.map(async (node) => {
      const { stdout } = await asked(node, ['timeout', '5', 'corosync-quorumtool', '-s'])
      return /^Quorate: +Yes$/m.test(stdout) ? Number(/^Total votes: +(\d+)/m.exec(stdout)?.[1]) : 0
    }),
  )
}

/** It may be switched off at this very moment. */
async function asked(node: string, argv: readonly string[]): Promise<{ readonly stdout: string }> {
  try {
    return await twin.machine(node).exec(argv)
  } catch {
    return { stdout: '' }
  }
}

/** What is found in /etc/pve/corosync.conf, and then in each node's own copy. */
async function confs(pattern: RegExp): Promise<readonly (string | null)[]> {
  const read = async (node: string, path: string) => (await twin.machine(node).exec(['cat', path])).stdout
  const texts = [await read(nodes[0] ?? '', '/etc/pve/corosync.conf')]
  for (const node of nodes) texts.push(await read(node, '/etc/corosync/corosync.conf'))
  return texts.map((text) => pattern.exec(text)?.[1] ?? null)
}

/** How often corosync was started on each node since the first time it was. */
async function starts(): Promise<readonly number[]> {
  const journal = async (node: string) => {
    const files = await readdir(join(twin.machine(node).root, 'var/log/journal')).catch(() => [])
    const words = files.length > 0 ? ['journalctl', '--merge'] : ['journalctl']
    return (await twin.machine(node).exec([...words, '-u', 'corosync', '-o', 'cat'])).stdout
  }
  return Promise.all(nodes.map(async (node) => (await journal(node)).split('Started corosync.service').length - 1))
}

async function must(node: string, argv: readonly string[]): Promise<void> {
  const { exit, stderr } = await twin.machine(node).exec(argv)
  if (exit !== 0) throw new Error(`${node}: ${argv[0]}: ${stderr}`)
}

/** The example lab with some more lines for corosync. */
async function renderedWith(more: string) {
  const place = join(mkdtempSync(join(labs, 'repository-')), 'lab')
  cpSync(join(top, 'lab'), place, { recursive: true })
  const file = join(place, 'services/corosync.yaml')
  writeFileSync(file, `${readFileSync(file, 'utf8')}${more}`)
  const { definition, rendering } = await renderFolder(place, join(place, '..'), renderers)
  if (definition.lab === null || rendering === null) throw new Error(JSON.stringify(definition.problems))
  return { lab: definition.lab, rendering }
}
