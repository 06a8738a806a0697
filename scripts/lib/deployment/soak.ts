/** Waits until groups are whole, and then for as long as they have to stay so. */
import type { Clock } from './clock.ts'
import { healthOf, notWhole, type GroupView } from './groups.ts'
import type { Session } from './session.ts'

export interface Asked {
  readonly groups: readonly GroupView[]
  readonly lost: ReadonlySet<string>
  /** When to give up, by the clock: milliseconds since 1970. */
  readonly until: number
}

/** Between two looks, until all is well. */
const pauseMs = 1000
/** So long members may go on naming one that is away (measured: a node is out 7 s after its VPN was stopped). */
const noticeMs = 10_000
/** Between two looks during a soak: a ring that was left and joined again meanwhile has another id, however short it was. */
const soakPauseMs = 5000

/**
 * Why it did not become well in time, or did not stay well; null where all is well.
 * A daemon is given its own `withinSeconds`; from the first time that all is well, the longest soak of the groups begins, and it begins anew
 * where what the members agree on changes, until `asked.until`.
 */
export async function settledOrNot(session: Session, clock: Clock, asked: Asked): Promise<string | null> {
  const within = asked.groups.flatMap(({ members }) => members.flatMap(({ up }) => up))
  const patience = Math.max(0, ...within.map((probe) => probe.withinSeconds)) * 1000
  const soak = Math.max(0, ...asked.groups.map(({ group }) => group.soakSeconds)) * 1000
  const latest = Math.min(asked.until, clock.now() + patience)
  let state = await look(session, asked)
  while (state.why !== null) {
    if (clock.now() >= latest) return state.why
    await clock.sleep(pauseMs)
    state = await look(session, asked)
  }
  const first = clock.now()
  let whole = first
  let { common } = state
  while (clock.now() < whole + soak) {
    await clock.sleep(Math.min(soakPauseMs, whole + soak - clock.now()))
    state = await look(session, asked)
    while (state.why !== null) {
      if (clock.now() > Math.min(asked.until, first + noticeMs)) return `did not stay well: ${state.why}`
      await clock.sleep(pauseMs)
      whole = clock.now()
      state = await look(session, asked)
    }
    const changed = changedIn(common, state.common)
    if (changed.length === 0) continue
    // Members may notice some seconds late that somebody was away, and form a new ring then: from there on they have to hold still.
    if (clock.now() > asked.until)
      return `did not hold still: during the soak of ${soak / 1000} s ${changed.join(', ')} changed`
    whole = clock.now()
    common = state.common
  }
  return null
}

interface Look {
  /** Why not all is well; null where it is. */
  readonly why: string | null
  /** By what has to hold still, in words: how it is. */
  readonly common: ReadonlyMap<string, string>
}

/** Everything is asked at the same moment, so that each host is called once. */
async function look(session: Session, { groups, lost }: Asked): Promise<Look> {
  const answers = await Promise.all(groups.map(async (view) => ({ view, health: await healthOf(view, session, lost) })))
  const reasons = answers.flatMap(({ view, health }) => notWhole(view, health, lost) ?? [])
  const common = new Map(
    answers.flatMap(({ view, health }) =>
      [...health.common].map(([title, picked]) => [`${title} of ${view.group.id}`, picked] as const),
    ),
  )
  return { why: reasons.length === 0 ? null : reasons.join('; '), common }
}

function changedIn(was: Look['common'], is: Look['common']): readonly string[] {
  return [...is].flatMap(([what, picked]) => (was.get(what) === picked ? [] : [what]))
}
