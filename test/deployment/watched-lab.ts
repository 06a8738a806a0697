/** The small lab, watched: its daemon keeps what it read and writes down when it comes and goes, and files of others lie beside ours. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Clock } from '../../scripts/lib/deployment/clock.ts'
import { startBench, type Bench } from './bench.ts'
import { differences, filesOn, foreignOn, heldOn, type Inventory } from './remains.ts'
import { smallRendering, web } from './small-lab.ts'

export const hosts = ['n1', 'n2', 'n3'] as const

/** What the lab is deployed to, in turn: every file changes, one comes and goes with its folder, and one holds a secret. */
export const sides = {
  one: smallRendering({ body: 'one', tells: 'restart' }),
  two: smallRendering({ body: 'two', tells: 'restart', more: true }),
}
export type Side = keyof typeof sides
export const other = (side: Side): Side => (side === 'one' ? 'two' : 'one')

export interface WatchedLab {
  readonly bench: Bench
  /** A slow deployer's time: it looks seldom, so that a run is short, and renews its lease before a step only, so that runs are alike. */
  readonly clock: Clock
  /** How the host's files are: wholly as one side has them, or null. */
  sideOf(host: string): Side | null
  /** What is not as the side has it, files and manifest. */
  notHeld(host: string, side: Side): readonly string[]
  /** Files of others that are not as they were at the start, or came since. */
  touched(host: string): readonly string[]
  /** Whether the daemon has read the files that are there now. */
  isFresh(host: string): boolean
  /** "n1 start", "n1 stop", and what was noted, in the order in which it happened. */
  told(): readonly string[]
  note(line: string): void
  close(): Promise<void>
}

/** So long a run's lease lasts here. Seconds. */
export const leaseSeconds = 45

/** At the start every host is as side one, by a deployment that adopted a file of somebody else. */
export async function startWatchedLab(pace: number): Promise<WatchedLab> {
  const bench = await startBench(sides.one, pace, [web], { keepaliveMs: 150 })
  const { lab } = bench
  const clock: Clock = {
    ...lab.clock,
    sleep: (ms) => lab.clock.sleep(ms + 10_000),
    after: () => () => {},
    // Several labs share this process: a step is given three times as long for this machine's own work as where there is one.
    pace: pace * 3,
  }
  const shared = join(dirname(lab.folder('n1')), '.lab')
  const log = join(shared, 'told')
  writeFileSync(join(shared, 'bin/units/web.service'), daemon)
  writeFileSync(log, '')
  for (const host of hosts) plant(lab.folder(host))
  const held = new Map<string, { readonly all: Inventory; readonly files: Inventory }>()
  for (const side of ['two', 'one'] as const) {
    const { exit, failure } = await bench.deploy(sides[side], { clock, adopt: true })
    if (exit !== 0) {
      await bench.close()
      throw new Error(`the lab cannot be deployed to: ${failure?.what}`)
    }
    for (const host of hosts)
      held.set(`${host} ${side}`, { all: heldOn(lab.folder(host)), files: filesOn(lab.folder(host)) })
  }
  const foreign = new Map(hosts.map((host) => [host as string, foreignOn(lab.folder(host))]))
  const as = (host: string, side: Side) => held.get(`${host} ${side}`) ?? { all: new Map(), files: new Map() }
  return {
    bench,
    clock,
    sideOf: (host) => {
      const files = filesOn(lab.folder(host))
      return (['one', 'two'] as const).find((side) => differences(files, as(host, side).files).length === 0) ?? null
    },
    notHeld: (host, side) => differences(heldOn(lab.folder(host)), as(host, side).all),
    touched: (host) => differences(foreignOn(lab.folder(host)), foreign.get(host) ?? new Map()),
    isFresh: (host) => hasRead(lab.folder(host)),
    told: () => readFileSync(log, 'utf8').split('\n').slice(0, -1),
    note: (line) => appendFileSync(log, `${line}\n`),
    close: () => bench.close(),
  }
}

/** The files that the daemon reads, in this order. */
const reads = ['web.conf', 'sites/new/extra.conf', 'key.priv']

const daemon = `#!/bin/sh
# web: $1 what to do.
. "\${0%/*/*}/sim.sh"
first_line "$SIM/host"
printf '%s %s\\n' "$line" "$1" >>"$LAB/.lab/told"
cd "$QUORATE_ROOT/etc/web" || exit 1
# Two that go at the same time are to be seen.
if [ "$1" = stop ]; then sleep 0.1; else cat ${reads.join(' ')} 2>/dev/null >"$SIM/loaded/web"; fi
exit 0
`

function hasRead(folder: string): boolean {
  const at = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : '')
  return at(join(folder, 'run/sim/loaded/web')) === reads.map((name) => at(join(folder, 'etc/web', name))).join('')
}

/** Of somebody else: a file that ours takes the place of, and files beside all that we write. */
function plant(folder: string): void {
  const paths = [
    'etc/web/web.conf',
    'etc/web/foreign.conf',
    'etc/web/.quorate-foreign',
    'etc/systemd/system/foreign.service',
    'root/foreign',
    'var/lib/quorate/foreign',
    'var/lib/quorate/adopted/foreign',
  ]
  for (const path of paths) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), `of somebody else: ${path}\n`)
  }
}
