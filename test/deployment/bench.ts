/** A lab on embedded nodes, and a deployer that is set up for it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Renderer } from '../../renderers/renderer.ts'
import type { Secrets } from '../../scripts/lib/bundle/fill.ts'
import type { Rendering } from '../../scripts/lib/bundle/rendering.ts'
import { deploy } from '../../scripts/lib/deployment/deploy.ts'
import type { Event } from '../../scripts/lib/deployment/event.ts'
import { parseKnownHosts } from '../../scripts/lib/deployment/known-hosts.ts'
import type { Outcome } from '../../scripts/lib/deployment/outcome.ts'
import { connector, type Connect, type ConnectOptions } from '../../scripts/lib/deployment/remote.ts'
import { noExceptions, type DeployRequest } from '../../scripts/lib/deployment/request.ts'
import { standInSecrets } from '../../scripts/lib/deployment/secrets.ts'
import { startEmbeddedLab, type EmbeddedLab, type EmbeddedLabOptions } from '../../scripts/lib/twin/embedded/lab.ts'

export interface Bench {
  readonly lab: EmbeddedLab
  readonly secrets: Secrets
  readonly connect: Connect
  /** Gives a host that does not answer up sooner. Milliseconds. */
  connectWithin(ms: number): Connect
  readonly events: Event[]
  deploy(target: Rendering, more?: Partial<DeployRequest>): Promise<Outcome>
  close(): Promise<void>
}

export interface Start {
  /** The hosts are set up already, by somebody else. */
  readonly configured?: boolean
  /** Where hosts could be let in besides. */
  readonly besides?: EmbeddedLabOptions['besides']
}

let runs = 0

/** Starts bare hosts for the rendering; `pace`: how much faster than a wall clock they and the deployer live. */
export async function startBench(
  rendering: Rendering,
  pace: number,
  registry: readonly Renderer[],
  { configured = false, besides = {}, ...patience }: Pick<ConnectOptions, 'connectMs' | 'keepaliveMs'> & Start = {},
): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-deployment-'))
  const secrets = standInSecrets()
  const lab = await startEmbeddedLab({
    rendering,
    folder,
    pace,
    besides,
    ...(configured ? { configured: secrets } : {}),
  })
  const ways = Object.fromEntries(Object.values(rendering.hosts).map(({ host, way }) => [host, way]))
  const identity = { privateKey: lab.privateKey }
  const knownHosts = parseKnownHosts(lab.knownHosts)
  const connected = (more: Pick<ConnectOptions, 'connectMs'>) =>
    connector({ ways, knownHosts, identity, dial: lab.dial, ...patience, ...more })
  const connect = connected({})
  const events: Event[] = []
  return {
    lab,
    secrets,
    connect,
    connectWithin: (connectMs) => connected({ connectMs }),
    events,
    deploy: (target, more = {}) =>
      deploy({
        target,
        renderers: registry,
        secrets,
        commit: 'a'.repeat(40),
        apply: true,
        ...noExceptions,
        last: [],
        formerWays: ways,
        connect,
        clock: lab.clock,
        report: (event) => void events.push(event),
        owner: 'test',
        run: 'by hand',
        token: `t${(runs += 1)}`,
        ...more,
      }),
    async close() {
      await lab.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
