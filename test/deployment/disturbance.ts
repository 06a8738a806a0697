/** One run of a deployer that meets a fault at a message. */
import { setTimeout as wall } from 'node:timers/promises'
import type { Rendering } from '../../scripts/lib/bundle/rendering.ts'
import type { Outcome } from '../../scripts/lib/deployment/outcome.ts'
import type { Connect, Remote } from '../../scripts/lib/deployment/remote.ts'
import type { DeployRequest } from '../../scripts/lib/deployment/request.ts'
import { between, never, type Between, type Message } from './between.ts'
import { leaseSeconds, type WatchedLab } from './watched-lab.ts'

export type Fault = 'killed' | 'dropped' | 'frozen' | 'restarted'

export type Disturbance = { readonly at: At } & (
  | { readonly kind: 'fault'; readonly fault: Fault; readonly when: 'before' | 'after' }
  /** `late`: how much later than the host's timer fires its confirmation is sent, by the wall clock. Milliseconds. */
  | { readonly kind: 'race'; readonly late: number }
)

export type At = Pick<Message, 'host' | 'verb' | 'nth'>

export interface Disturbed {
  /** Whether the message came at all. */
  readonly isMet: boolean
  /** Null where nobody lived to see it. */
  readonly outcome: Outcome | null
}

/** A lab that can be disturbed, and what else its deployer is told. */
export type Disturbable = Pick<WatchedLab, 'bench' | 'clock' | 'note'>

/** Deploys a rendering; resolves once the run is over, or dead. A link that was frozen thaws then, and what was on its way arrives late. */
export async function disturbed(
  lab: Disturbable,
  disturbance: Disturbance,
  target: Rendering,
  more: Partial<DeployRequest> = {},
): Promise<Disturbed> {
  const { at } = disturbance
  const isFrozen = (host: string) =>
    isMet && host === at.host && disturbance.kind === 'fault' && disturbance.fault === 'frozen'
  const impatient = lab.bench.connectWithin(300)
  const deployer = mortal((host, way) => (isFrozen(host) ? impatient : lab.bench.connect)(host, way))
  let isMet = false
  let due = Infinity
  const step: Between = async (message, send, remote) => {
    if (message.host === at.host && message.verb === 'arm')
      due = lab.clock.now() + Number(message.call.split(' ').at(-1)) * 1000
    if (isMet || !isSame(message, at)) return send()
    isMet = true
    if (disturbance.kind === 'fault') return meet(message, disturbance, send, remote)
    await lab.clock.sleep(due - lab.clock.now() - headStartMs * (lab.bench.lab.clock.pace ?? 1))
    await wall(headStartMs + disturbance.late)
    return send()
  }
  const meet = async <T>(
    message: Message,
    { fault, when }: Extract<Disturbance, { readonly kind: 'fault' }>,
    send: () => Promise<T>,
    remote: Remote,
  ): Promise<T> => {
    if (when === 'after') await send()
    if (fault === 'killed') return deployer.die()
    await plant(lab, message.host, fault)
    if (when === 'before') return send()
    // The fault is met by whatever is next on this connection.
    await remote.exec('exit 0', '', 15_000)
    throw new Error(`${fault} ${when} ${message.call}: the connection outlived it`)
  }
  const run = lab.bench.deploy(target, {
    ...more,
    connect: deployer.connect(step),
    clock: lab.clock,
    leaseSeconds,
    // Where only the link fails, the confirmed steps stay, and the next run goes on from there; else they are taken back.
    keep: disturbance.kind === 'fault' && (disturbance.fault === 'dropped' || disturbance.fault === 'frozen'),
  })
  const outcome = await Promise.race([deployer.death, run])
  lab.bench.lab.node(at.host).thaw()
  return { isMet, outcome }
}

/** The timer is waited for as fast as the lab's time passes, but for its last stretch. By the wall clock. Milliseconds. */
const headStartMs = 300

async function plant(lab: Disturbable, host: string, fault: Exclude<Fault, 'killed'>): Promise<void> {
  const node = lab.bench.lab.node(host)
  if (fault === 'dropped') return node.drop({ after: 1 })
  if (fault === 'frozen') return node.freeze({ after: 0 })
  lab.note(`${host} off`)
  await node.kill()
  await node.boot()
}

/** A deployer that can be killed: nothing of it reaches any host then, and it learns of nothing any more. */
function mortal(connect: Connect) {
  const open: Remote[] = []
  let isDead = false
  let tellDeath = () => {}
  const death = new Promise<null>((resolve) => (tellDeath = () => resolve(null)))
  const alive = async <T>(doing: Promise<T>): Promise<T> => {
    const [done] = await Promise.allSettled([doing])
    if (isDead) return never
    if (done.status === 'rejected') throw done.reason
    return done.value
  }
  return {
    death,
    die(): Promise<never> {
      isDead = true
      for (const remote of open) remote.close()
      tellDeath()
      return never
    },
    connect(step: Between): Connect {
      const connected: Connect = async (host, way) => {
        const remote = await connect(host, way)
        open.push(remote)
        if (isDead) remote.close()
        return remote
      }
      const watched = between(connected, (message, send, remote) =>
        isDead ? never : alive(step(message, send, remote)),
      )
      return (host, way) => (isDead ? never : alive(watched(host, way)))
    },
  }
}

function isSame(a: At, b: At): boolean {
  return a.host === b.host && a.verb === b.verb && a.nth === b.nth
}
