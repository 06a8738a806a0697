/** The demo's stage: the example lab on embedded nodes, and a deployer that works on them. */
import type { Renderer } from '../../renderers/renderer.ts'
import type { Rendering } from '../lib/bundle/rendering.ts'
import type { Clock } from '../lib/deployment/clock.ts'
import { deploy } from '../lib/deployment/deploy.ts'
import type { Event } from '../lib/deployment/event.ts'
import { parseKnownHosts } from '../lib/deployment/known-hosts.ts'
import type { Outcome } from '../lib/deployment/outcome.ts'
import { connector } from '../lib/deployment/remote.ts'
import { noExceptions } from '../lib/deployment/request.ts'
import { standInSecretsFor } from '../lib/deployment/secrets.ts'
import { jumpHosts } from '../lib/rollout/order.ts'
import { startEmbeddedLab } from '../lib/twin/embedded/lab.ts'

/** Soaks and deadlines are as long as on real hosts; time runs faster here. */
export const pace = 24

export interface Stage {
  readonly clock: Clock
  /** Rolls the rendering out on the embedded nodes; `report` is called as things happen. */
  deploy(target: Rendering, report: (event: Event) => void): Promise<Outcome>
  close(): Promise<void>
}

/** Starts one embedded node per host of the rendering in `folder`, as if somebody had set them all up by hand. */
export async function openStage(rendering: Rendering, renderers: readonly Renderer[], folder: string): Promise<Stage> {
  // Made for this run: nothing of a demo is worth a real secret.
  const secrets = await standInSecretsFor(rendering.secrets)
  const lab = await startEmbeddedLab({ rendering, folder, pace, configured: secrets })
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
    deploy: (target, report) =>
      deploy({
        target,
        renderers,
        secrets,
        commit: null,
        apply: true,
        ...noExceptions,
        last: jumpHosts(target),
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
