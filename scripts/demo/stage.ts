/** The demo's stage: the example lab on embedded nodes, and a deployer that works on them. */
import type { Renderer } from '../../renderers/renderer.ts'
import type { Rendering } from '../lib/bundle/rendering.ts'
import type { Clock } from '../lib/deployment/clock.ts'
import { deploy } from '../lib/deployment/deploy.ts'
import type { Event } from '../lib/deployment/event.ts'
import { parseKnownHosts } from '../lib/deployment/known-hosts.ts'
import type { Outcome } from '../lib/deployment/outcome.ts'
import { connector } from '../lib/deployment/remote.ts'
import { standInSecrets } from '../lib/deployment/secrets.ts'
import { startEmbeddedLab } from '../lib/twin/embedded/lab.ts'

/** Soaks and deadlines are as long as on real hosts; time runs faster here. */
export const pace = 12

export interface Stage {
  readonly clock: Clock
  /** Rolls the rendering out on the embedded nodes; `report` is called as things happen. */
  deploy(target: Rendering, commit: string, report: (event: Event) => void): Promise<Outcome>
  close(): Promise<void>
}

/** Starts one embedded node per host of the rendering, bare, in `folder`. */
export async function openStage(rendering: Rendering, renderers: readonly Renderer[], folder: string): Promise<Stage> {
  const lab = await startEmbeddedLab({ rendering, folder, pace })
  // Made for this run: nothing of a demo is worth a real secret.
  const secrets = standInSecrets()
  const ways = Object.fromEntries(Object.values(rendering.hosts).map(({ host, way }) => [host, way]))
  const connect = connector({
    ways,
    knownHosts: parseKnownHosts(lab.knownHosts),
    identity: { privateKey: lab.privateKey },
    dial: lab.dial,
    connectMs: 2000,
    keepaliveMs: 500,
  })
  let runs = 0
  return {
    clock: lab.clock,
    deploy: (target, commit, report) =>
      deploy({
        target,
        renderers,
        secrets,
        commit,
        apply: true,
        only: [],
        without: [],
        adopt: false,
        override: [],
        acceptOutage: [],
        keep: false,
        reviewed: null,
        last: [],
        connect,
        clock: lab.clock,
        report,
        owner: 'demo',
        run: 'demo',
        token: `demo-${(runs += 1)}`,
      }),
    close: () => lab.close(),
  }
}
