/** Whether the deployer still comes in where a step touches a host's own way in: asked by new connections, before the step and after it. */
import type { PerHost } from '../../../renderers/renderer.ts'
import type { Bundle } from '../bundle/rendering.ts'
import { type Entry, entriesIn, entriesOf, entriesText } from '../bundle/entry.ts'
import { FailureError } from '../failure.ts'
import type { WayIn } from '../rollout/management-path.ts'
import type { Rollout, Step } from '../rollout/rollout.ts'
import { allOf } from './all-of.ts'
import type { Clock } from './clock.ts'
import { HostKeyError } from './remote.ts'
import type { Session } from './session.ts'

/** Where, once the step is done, each host has to let the deployer in. */
export type Doors = readonly { readonly host: string; readonly entries: readonly Entry[] }[]

/** So long a new address or a daemon that was restarted may take to answer. Milliseconds. */
const patienceMs = 10_000
const againMs = 1000

/**
 * Where the hosts have to answer after the step: everywhere where they do now and are to go on, and where they are to from then on. Throws a
 * FailureError where the step would leave nothing that answers, or where nobody can tell who answers at a new place.
 */
export async function doorsOf(session: Session, { ways }: Pick<Step, 'ways'>): Promise<Doors> {
  return allOf(ways, async (way) => {
    const { host, keeps, opens, closes } = way
    const answers = await comeInAll(session, host, [...keeps, ...opens, ...closes])
    const strange = opens.map((entry) => answers.get(entry)).find((failure) => failure instanceof HostKeyError)
    if (strange !== undefined) throw stop(host, strange.failure.what, strange.failure.next)
    const open = [...answers].filter(([, failure]) => failure === null).map(([entry]) => entry)
    const left = entriesIn(keeps, 'also', open)
    if (keeps.length > 0 && left.length === 0)
      throw stop(host, `${nowhere(host, keeps, answers)}, which is all that the step would leave`, again(host))
    return { host, entries: [...left, ...reachable(way, open)] }
  })
}

/** Why the hosts do not let the deployer in where they have to; empty where they do. Asks again for a while, but not after `until` by the clock. */
export async function shutDoors(
  session: Session,
  clock: Pick<Clock, 'now' | 'sleep'>,
  doors: Doors,
  until: number,
): Promise<readonly string[]> {
  const latest = Math.min(until, clock.now() + patienceMs)
  const shut = await allOf(doors, async ({ host, entries }) => {
    let answers = await comeInAll(session, host, entries)
    while (closedIn(answers).length > 0 && clock.now() < latest) {
      await clock.sleep(againMs)
      answers = new Map([...answers, ...(await comeInAll(session, host, closedIn(answers)))])
    }
    const closed = closedIn(answers)
    return closed.length === 0 ? [] : [nowhere(host, closed, answers)]
  })
  return shut.flat()
}

/**
 * Hosts to which the definition knows another way than the one before, and on which no step of the rollout makes it: they have to answer there
 * already. Throws a FailureError where one does not; nothing was changed then.
 */
export async function refuseShut(
  session: Session,
  rollout: Rollout,
  before: PerHost<Bundle>,
  after: PerHost<Bundle>,
): Promise<void> {
  const made = new Set(rollout.waves.flat().flatMap(({ ways }) => ways.map(({ host }) => host)))
  const changed = Object.values(after).flatMap(({ host, way }): Step['ways'] => {
    const old = before[host]?.way
    if (old === undefined || made.has(host)) return []
    const [young, was] = [entriesOf(way), entriesOf(old)]
    const opens = entriesIn(young, 'not', was)
    if (opens.length === 0) return []
    return [{ host, keeps: entriesIn(young, 'also', was), opens, closes: entriesIn(was, 'not', young), carriers: [] }]
  })
  await allOf(changed, async (way) => {
    const answers = await comeInAll(session, way.host, [...way.keeps, ...way.opens, ...way.closes])
    const open = [...answers].filter(([, failure]) => failure === null).map(([entry]) => entry)
    const wanted = reachable(way, open)
    const closed = wanted.filter((entry) => answers.get(entry) !== null)
    if (closed.length === 0) return
    const next = `no step of this rollout makes ${way.host} answer there: let it do so first (sshd, firewall and interfaces), beside the old way, or put the old way back into the definition`
    throw stop(way.host, nowhere(way.host, closed, answers), next)
  })
}

type Answers = ReadonlyMap<Entry, FailureError | null>

async function comeInAll(session: Session, host: string, entries: readonly Entry[]): Promise<Answers> {
  return new Map(await allOf(entries, async (entry) => [entry, await session.comeIn(host, entry)] as const))
}

function closedIn(answers: Answers): readonly Entry[] {
  return [...answers].filter(([, failure]) => failure !== null).map(([entry]) => entry)
}

/** New entries of the families that this machine has been seen to come in by: where it has no IPv6, nobody can tell. All, where none is left. */
function reachable({ opens, keeps }: WayIn, open: readonly Entry[]): readonly Entry[] {
  const families = new Set(open.map(familyOf))
  const near = opens.filter((entry) => families.has(familyOf(entry)))
  return near.length === 0 && entriesIn(keeps, 'also', open).length === 0 ? opens : near
}

function familyOf({ address }: Entry): 4 | 6 {
  return address.includes(':') ? 6 : 4
}

function nowhere(host: string, entries: readonly Entry[], answers: Answers): string {
  const whys = entries.map((entry) => answers.get(entry)?.failure.what ?? '')
  return `${host} does not let the deployer in at ${entriesText(entries)} (${[...new Set(whys)].join('; ')})`
}

function again(host: string): string {
  return `see why ${host} does not answer there, and run again`
}

function stop(host: string, what: string, next: string): FailureError {
  return new FailureError({ what, where: host, now: 'nothing was changed for it', next }, 4)
}
