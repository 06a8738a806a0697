/** All connections of one run: one per host, opened when it is first needed and again after it was lost. */
import { FailureError } from '../failure.ts'
import { type Entry, entriesIn, entriesOf } from '../bundle/entry.ts'
import type { Clock } from './clock.ts'
import { callHost, type Fields, type HostAnswer } from './host-side.ts'
import type { Connect, Remote, Upload } from './remote.ts'
import type { Route } from './ways.ts'

export interface Session {
  /** Calls a verb that changes nothing. */
  ask(host: string, verb: string, args: Fields, input: readonly Fields[], ms: number): Promise<HostAnswer>
  /** Calls a verb that writes: with this run's fence. Throws a FailureError where the host refuses, with its reason. */
  write(host: string, verb: string, args: Fields, input: readonly Fields[], ms: number): Promise<HostAnswer>
  put(host: string, files: readonly Upload[], ms: number): Promise<void>
  /**
   * Retires the connection, if any: the next call opens a new one, and calls that are under way on the old one are not cut off.
   * `first`: where to come in now, before anything else is tried.
   */
  renew(host: string, first?: readonly Entry[]): void
  /** Comes in once, by this entry alone: a new connection, logged in and closed again. Null where that went well, else why not. */
  comeIn(host: string, entry: Entry): Promise<FailureError | null>
  setFence(fence: number): void
  readonly fence: number
  close(): void
}

/** Who asks about a host that just did not answer gets the same answer for this long: dialling it again takes longer. Milliseconds. */
const awayMs = 3000

/** `token` tells this run from any other with the same fencing number. */
export function openSession(
  connect: Connect,
  ways: Readonly<Record<string, Route>>,
  token: string,
  clock: Pick<Clock, 'now'>,
): Session {
  const open = new Map<string, Promise<Remote>>()
  const away = new Map<string, { readonly until: number; readonly error: unknown }>()
  const atWork = new WeakMap<Promise<Remote>, number>()
  const retired = new Set<Promise<Remote>>()
  /** Where each host was come in at last, or is to be come in at now. */
  const preferred = new Map<string, readonly Entry[]>()
  let fence = 0

  const remote = (host: string): Promise<Remote> => {
    const known = open.get(host)
    if (known !== undefined) return known
    const gone = away.get(host)
    if (gone !== undefined && clock.now() < gone.until) return Promise.reject(gone.error)
    const way = ways[host]
    if (way === undefined) return Promise.reject(new Error(`no way to ${host} is known`))
    const fresh = connect(host, routeFrom(way, preferred.get(host) ?? []))
    open.set(host, fresh)
    fresh.then(
      ({ entry }) => void preferred.set(host, [entry]),
      (error: unknown) => {
        away.set(host, { until: clock.now() + awayMs, error })
        forget(host, fresh)
      },
    )
    return fresh
  }
  /** Closed once nobody is at work on it: steps of one wave may share a host. */
  const forget = (host: string, old: Promise<Remote>) => {
    if (open.get(host) === old) open.delete(host)
    retired.add(old)
    closeIfIdle(old)
  }
  const closeIfIdle = (old: Promise<Remote>) => {
    if (!retired.has(old) || (atWork.get(old) ?? 0) > 0) return
    retired.delete(old)
    closeNow(old)
  }
  const renew = (host: string, first: readonly Entry[] = []) => {
    if (first.length > 0) preferred.set(host, first)
    away.delete(host)
    const old = open.get(host)
    if (old !== undefined) forget(host, old)
  }
  /** A lost connection is not used again; whether to try again is for the caller to say. */
  const through = async <T>(host: string, use: (remote: Remote) => Promise<T>): Promise<T> => {
    const opened = remote(host)
    atWork.set(opened, (atWork.get(opened) ?? 0) + 1)
    try {
      return await use(await opened)
    } catch (error) {
      // Only this one: meanwhile somebody else may have opened a new one.
      forget(host, opened)
      throw error
    } finally {
      atWork.set(opened, (atWork.get(opened) ?? 1) - 1)
      closeIfIdle(opened)
    }
  }
  const ask: Session['ask'] = (host, verb, args, input, ms) =>
    through(host, (current) => callHost(host, current, verb, args, input, ms))

  return {
    ask,
    async write(host, verb, args, input, ms) {
      const answer = await ask(host, verb, args, [['fence', String(fence), token], ...input], ms)
      if (answer.refused !== null) throw refusal(host, verb, answer.refused)
      return answer
    },
    put: (host, files, ms) => through(host, (current) => current.put(files, ms)),
    renew,
    async comeIn(host, entry) {
      const way = ways[host]
      if (way === undefined) throw new Error(`no way to ${host} is known`)
      try {
        const once = await connect(host, { ...way, entries: [entry] })
        once.close()
        return null
      } catch (error) {
        if (error instanceof FailureError) return error
        throw error
      }
    },
    setFence: (number) => (fence = number),
    get fence() {
      return fence
    },
    close: () => {
      for (const each of [...open.values(), ...retired]) closeNow(each)
      open.clear()
      retired.clear()
    },
  }
}

/** Where only one thing is known nothing has to be put in order. */
function routeFrom(way: Route, first: readonly Entry[]): Route {
  const entries = way.entries ?? entriesOf(way)
  if (entries.length < 2 || first.length === 0) return way
  return { ...way, entries: [...first, ...entriesIn(entries, 'not', first)] }
}

function closeNow(connection: Promise<Remote>): void {
  connection.then(
    (opened) => opened.close(),
    () => {},
  )
}

/** The host answered, and would not do it. Any other FailureError of a call means that nobody knows what it did. */
export class HostRefusal extends FailureError {}

/** What the host side would not do, in its own words. A fence that another run has raised ends everything. */
export function refusal(
  host: string,
  verb: string,
  refused: { readonly code: string; readonly text: string },
): HostRefusal {
  return new HostRefusal(
    {
      what: `${host} refuses to ${verb}: ${refused.text}`,
      where: host,
      now: `the host side changed nothing after that (${refused.code})`,
      next:
        refused.code === 'fenced'
          ? 'see with "quorate status" which run holds the lease'
          : 'mend what it says and run again',
    },
    refused.code === 'fenced' ? 5 : 4,
  )
}
