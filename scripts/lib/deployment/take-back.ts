/** Takes the confirmed steps of a failed rollout back, as an ordinary rollout of its own: planned, gated, armed, probed. */
import { compare } from '../bundle/compare.ts'
import type { Bundle, Rendering } from '../bundle/rendering.ts'
import { plan } from '../rollout/plan.ts'
import type { Step } from '../rollout/rollout.ts'
import { carryOutAll, generationName, type Failed } from './course.ts'
import { viewOf } from './groups.ts'
import { bundleBetween } from './held.ts'
import { changedParts, withPart, worldOf, type Course, type Done } from './job.ts'
import type { Ending, Progress } from './progress.ts'
import { notOurs } from './not-ours.ts'
import { goneMembers } from './leaving.ts'
import { present } from './present.ts'
import { presumed } from './presumed.ts'
import type { DeployRequest } from './request.ts'
import type { Session } from './session.ts'
import { settledOrNot } from './soak.ts'
import { survey } from './survey.ts'

/** How the run ends: exit 3 when all is as it was before, 4 when something stands that a person has to look at. */
export async function takeBack(
  session: Session,
  request: DeployRequest,
  course: Course,
  progress: Progress,
  failed: Failed,
  keepLease: () => Promise<void>,
): Promise<Ending> {
  const confirmed = course.rollout.waves.flat().filter(({ id }) => progress.ends.get(id)?.kind === 'confirmed')
  const { ending } = failed
  if (confirmed.length === 0) return closed(ending, 'nothing else was changed')
  const numbers = confirmed.map(({ id }) => id).join(', ')
  if (failed.hold !== undefined) return stands(ending, `steps ${numbers} stay: ${failed.hold}`)
  if (request.keep) return stands(ending, `steps ${numbers} stay (--keep)`)
  if (ending.exit !== 3 && failed.step !== null && progress.ends.get(failed.step)?.kind === 'undone') {
    return stands(
      ending,
      `steps ${numbers} stay: while the failed step is not known to be undone, nothing else is touched`,
    )
  }
  // Whether the daemon ran before, and with what besides these files, is not written down anywhere: stopping it could stop somebody's own.
  const strange = notOurs(course.facts, confirmed)
  if (strange.length > 0) {
    const why = `they replaced files that were not ours, ${strange.join(', ')}, which are kept in /var/lib/quorate/adopted there`
    return stands(ending, `steps ${numbers} stay: ${why}`)
  }
  const unwell = await whole(session, request, course, confirmed)
  if (unwell !== null) return stands(ending, `steps ${numbers} stay: it is not safe to take them back (${unwell})`)
  request.report({
    kind: 'waiting',
    detail: `all groups are whole; taking back ${confirmed.length === 1 ? 'step' : 'steps'} ${numbers}`,
  })
  const back = await backCourse(session, request, course, confirmed)
  if (typeof back === 'string') return stands(ending, `steps ${numbers} stay: ${back}`)
  const ends: Progress['ends'] = new Map()
  const again = await carryOutAll(session, request, back, { ends }, keepLease)
  const stuck = confirmed.filter((step) => !isBack(step, back, ends)).map(({ id }) => id)
  for (const { id } of confirmed) progress.back.set(id, stuck.includes(id) ? 'unknown' : 'reverted')
  if (again === null && stuck.length === 0)
    return closed(ending, `steps ${numbers} were taken back: all hosts are as before`)
  if (again === null) return stands(ending, `of steps ${numbers}, ${stuck.join(', ')} could not be taken back whole`)
  const { what, now, next } = again.ending.failure
  const why = `taking back failed: ${what} (${now})`
  const both = { ...ending, failure: { ...ending.failure, next: `${next}; ${ending.failure.next}` } }
  return stands(again.hold === undefined ? ending : both, why)
}

/** Every group that the rollout touched has to be whole for its soak first. */
function whole(
  session: Session,
  request: DeployRequest,
  course: Course,
  confirmed: readonly Step[],
): Promise<string | null> {
  const done = doneBy(confirmed)
  const world = worldOf(course, done)
  const ids = [...new Set(course.rollout.waves.flat().flatMap(({ gate }) => gate))]
  const missing = confirmed.flatMap((step) => step.missing)
  const absent = { missing, gone: goneMembers(course, done), lost: course.lost }
  const groups = ids.flatMap((id) => viewOf(id, world) ?? []).map((view) => present(view, absent))
  const until = request.clock.now() + 120_000
  return settledOrNot(session, request.clock, { groups, lost: course.lost, until })
}

function doneBy(steps: readonly Step[]): Done {
  return steps.reduce<Done>(
    (done, { writes, part }) =>
      withPart(
        done,
        writes.map(({ host }) => host),
        part,
      ),
    new Map(),
  )
}

async function backCourse(
  session: Session,
  request: DeployRequest,
  course: Course,
  confirmed: readonly Step[],
): Promise<Course | string> {
  const changed = changedParts(course.rollout)
  const done = doneBy(confirmed)
  const now = bundles(course, (host, target) =>
    bundleBetween(course.before[host] ?? null, target, changed.get(host) ?? new Set(), done.get(host) ?? new Set()),
  )
  const before = bundles(
    course,
    (host, target) => course.before[host] ?? { ...target, services: {}, parts: [], groups: [] },
  )
  const touched = new Set(
    confirmed.flatMap(({ writes }) =>
      writes.flatMap(({ host, changes }) => changes.map(({ path }) => `${host}:${path}`)),
    ),
  )
  const changes = compare(now, before).filter(({ host, path }) => touched.has(`${host}:${path}`))
  const lost = [...course.lost]
  const side = (held: Rendering) => presumed(held, course.target, course.running, lost)
  const result = plan(side(now), side(before), changes, request.renderers, {
    last: request.last,
    acceptOutage: request.acceptOutage,
    lost,
  })
  if (result.kind === 'refused')
    return `no safe order back exists (${result.refusals.map(({ why }) => why).join('; ')})`
  const { facts } = await survey(session, { ...course.target, hosts: now.hosts }, [...course.facts.keys()])
  return {
    ...course,
    rollout: result.rollout,
    before: now.hosts,
    presumed: side(now).hosts,
    target: before,
    facts,
    kept: {},
    oldBytes: oldBytes(session.fence, confirmed),
    commit: null,
  }
}

function bundles(course: Course, of: (host: string, target: Bundle) => Bundle): Rendering {
  const hosts = Object.entries(course.target.hosts).map(([host, target]) => [host, of(host, target)] as const)
  return { ...course.target, hosts: Object.fromEntries(hosts) }
}

function oldBytes(fence: number, steps: readonly Step[]): ReadonlyMap<string, string> {
  return new Map(
    steps.flatMap(({ id, writes }) =>
      writes.flatMap(({ host, changes }) =>
        changes.map(
          ({ path }, index) => [`${host}:${path}`, `${generationName(fence, id, false)}/old/${index}`] as const,
        ),
      ),
    ),
  )
}

/** Whether every file that the step changed was changed back. */
function isBack(step: Step, back: Pick<Course, 'rollout'>, ends: Progress['ends']): boolean {
  const confirmed = back.rollout.waves.flat().filter(({ id }) => ends.get(id)?.kind === 'confirmed')
  const files = (steps: readonly Step[]) =>
    steps.flatMap(({ writes }) => writes.flatMap(({ changes }) => changes.map(({ host, path }) => `${host}:${path}`)))
  const done = new Set(files(confirmed))
  return files([step]).every((file) => done.has(file))
}

function closed({ failure, exit }: Ending, now: string): Ending {
  return { failure: { ...failure, now: `${failure.now}; ${now}` }, exit }
}

function stands({ failure }: Ending, now: string): Ending {
  return { failure: { ...failure, now: `${failure.now}; ${now}` }, exit: 4 }
}
