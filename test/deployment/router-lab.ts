/** Three hosts with one virtual router, whose password is one of two: what it speaks and who runs is written down. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { keepalived } from '../../renderers/keepalived/index.ts'
import type { Lab } from '../../renderers/renderer.ts'
import { renderLab } from '../../scripts/lib/bundle/render.ts'
import type { Rendering } from '../../scripts/lib/bundle/rendering.ts'
import type { Clock } from '../../scripts/lib/deployment/clock.ts'
import type { DeployRequest } from '../../scripts/lib/deployment/request.ts'
import type { Outcome } from '../../scripts/lib/deployment/outcome.ts'
import { startBench, type Bench } from './bench.ts'
import { smallLab } from './small-lab.ts'

/** The master first. */
export const hosts = ['n1', 'n2', 'n3'] as const

export const passwords = { old: 'first', young: 'second' }
export type Side = keyof typeof passwords

export interface RouterLab {
  readonly bench: Bench
  readonly clock: Clock
  readonly sides: Readonly<Record<Side, Rendering>>
  deploy(side: Side, more?: Partial<DeployRequest>): Promise<Outcome>
  /** What a deployer of that side is told beside its rendering. */
  request(side: Side): Partial<DeployRequest>
  /** By its file; null where it is neither. */
  sideOf(host: string): Side | null
  /** By what the daemon that runs has read; null where none runs. */
  speaks(host: string): Side | null
  /** "n1 start young", "n2 stop", and what was noted, in the order in which it happened. */
  told(): readonly string[]
  note(line: string): void
}

/** At the start all hosts run with the old password. */
export async function startRouterLab(pace: number): Promise<RouterLab> {
  const sides = { old: rendered('old'), young: rendered('young') }
  const bench = await startBench(sides.old, pace, [keepalived], { keepaliveMs: 150 })
  const { lab } = bench
  // As in the watched lab: a slow deployer's time, and twice as long for this machine's own work.
  const clock: Clock = {
    ...lab.clock,
    sleep: (ms) => lab.clock.sleep(ms + 10_000),
    after: () => () => {},
    pace: pace * 2,
  }
  const units = join(dirname(lab.folder('n1')), '.lab/bin/units')
  const log = join(units, '../../told')
  const daemon = join(units, 'keepalived.service')
  writeFileSync(daemon, readFileSync(daemon, 'utf8').replace(/^case \$1 in$/m, `${diary}\n$&`))
  writeFileSync(log, '')
  const request = (side: Side): Partial<DeployRequest> => ({
    secrets: { value: () => passwords[side], seen: () => Object.values(passwords) },
    clock,
    leaseSeconds: 45,
  })
  const deploy = (side: Side, more: Partial<DeployRequest> = {}) =>
    bench.deploy(sides[side], { ...request(side), ...more })
  const sideIn = (path: string) => {
    const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
    return (['old', 'young'] as const).find((side) => text.includes(passwords[side])) ?? null
  }
  const { exit, failure } = await deploy('old')
  if (exit !== 0) {
    await bench.close()
    throw new Error(`the lab cannot be deployed to: ${failure?.what}`)
  }
  return {
    bench,
    clock,
    sides,
    request,
    deploy,
    sideOf: (host) => sideIn(join(lab.folder(host), 'etc/keepalived/keepalived.conf')),
    speaks: (host) => sideIn(join(lab.folder(host), 'run/sim/loaded/vrrp')),
    told: () => readFileSync(log, 'utf8').split('\n').slice(0, -1),
    note: (line) => appendFileSync(log, `${line}\n`),
  }
}

/** What the daemon writes down before it does anything. */
const diary = `first_line "$SIM/host"
diary=$line
while read -r word password; do [ "$word" != auth_pass ] || diary="$diary $1 $password"; done <"$FILE"
printf '%s\n' "$diary" >>"$LAB/.lab/told"`

function rendered(fingerprint: string): Rendering {
  const plain = smallLab(hosts)
  const network = plain.networks['public']
  if (network === undefined) throw new Error('the small lab has another network now')
  const router = { network: 'public', id: 10, password: true, priorities: { n1: 250, n2: 230, n3: 210 } }
  const lab: Lab = {
    ...plain,
    // A host without a file for its interfaces is delivered with one of this name.
    networks: { public: { ...network, interface: 'eth0', subnets: ['192.0.2.0/24'], router: ['192.0.2.1'] } },
    services: { keepalived: { routers: { main: router } } },
  }
  return renderLab(lab, [keepalived], { 'keepalived.main.password': fingerprint }).rendering
}
