/** The deployer of a twin: the one that serves production, in a process of its own, so that it can be killed like one. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import type { Renderer } from '../../../renderers/renderer.ts'
import type { Rendering } from '../bundle/rendering.ts'
import { withDeparting } from '../deployment/departing.ts'
import { deploy } from '../deployment/deploy.ts'
import type { Event } from '../deployment/event.ts'
import { parseKnownHosts } from '../deployment/known-hosts.ts'
import type { Outcome } from '../deployment/outcome.ts'
import { connector } from '../deployment/remote.ts'
import { noExceptions } from '../deployment/request.ts'
import { standInSecrets } from '../deployment/secrets.ts'
import { wallClock } from '../deployment/wall-clock.ts'
import { waysTo } from '../deployment/ways.ts'

/** What a deployer is told, on its standard input: no key of it is in a process's arguments or on a disk. */
export interface Order {
  readonly target: Rendering
  /** What the hosts were reached by before. */
  readonly former: Rendering
  readonly commit: string | null
  readonly last: readonly string[]
  readonly adopt: boolean
  readonly without: readonly string[]
  readonly knownHosts: string
  readonly privateKey: string
  /** By "kind id". */
  readonly secrets: Readonly<Record<string, string>>
  /** [a-z0-9], new for every run. */
  readonly token: string
}

export type Word =
  { readonly kind: 'event'; readonly event: Event } | { readonly kind: 'outcome'; readonly outcome: Outcome }

export interface DeployerRun {
  /** Null where it was killed before it came to an end. */
  readonly outcome: Promise<Outcome | null>
  kill(): void
  /** Stops it in its tracks, and lets it go on. */
  freeze(): void
  thaw(): void
}

/** Starts `argv`, whose standard input and output are as `followOrder` wants them. `report` is called as things happen. */
export function startDeployer(argv: readonly string[], order: Order, report: (event: Event) => void): DeployerRun {
  const [program = '', ...args] = argv
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.on('error', () => child.stdin.destroy())
  child.stdin.end(JSON.stringify(order))
  let last: Outcome | null = null
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => {
    const word = JSON.parse(line) as Word
    if (word.kind === 'event') report(word.event)
    else last = word.outcome
  })
  const read = new Promise<void>((resolve) => lines.once('close', () => resolve()))
  const gone = new Promise<void>((resolve, reject) => {
    child.once('close', () => resolve())
    child.once('error', reject)
  })
  return {
    outcome: Promise.all([read, gone]).then(() => last),
    kill: () => void child.kill('SIGKILL'),
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
  }
}

/** The other end: deploys as the order on `input` says, and tells of it line by line. */
export async function followOrder(
  input: NodeJS.ReadableStream,
  say: (line: string) => void,
  renderers: readonly Renderer[],
): Promise<void> {
  const order = JSON.parse(await text(input)) as Order
  const tell = (word: Word) => say(`${JSON.stringify(word)}\n`)
  const former = Object.fromEntries(Object.values(order.former.hosts).map(({ host, way }) => [host, way]))
  const target = withDeparting(order.target, order.former.hosts)
  const connect = connector({
    ways: waysTo(target, former),
    knownHosts: parseKnownHosts(order.knownHosts),
    identity: { privateKey: order.privateKey },
  })
  const outcome = await deploy({
    ...noExceptions,
    target,
    renderers,
    secrets: standInSecrets(new Map(Object.entries(order.secrets))),
    commit: order.commit,
    apply: true,
    adopt: order.adopt,
    without: order.without,
    formerWays: former,
    last: order.last,
    connect,
    clock: wallClock,
    report: (event) => tell({ kind: 'event', event }),
    owner: 'rehearsal',
    run: 'rehearsal',
    token: order.token,
    leaseSeconds: 30,
  })
  tell({ kind: 'outcome', outcome })
}
