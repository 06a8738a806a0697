/** From what the hosts say to the rollout that will be carried out, or the reason why none may be. */
import { compare } from '../bundle/compare.ts'
import type { Change } from '../bundle/change.ts'
import type { Rendering } from '../bundle/rendering.ts'
import { FailureError } from '../failure.ts'
import { plan } from '../rollout/plan.ts'
import type { Rollout } from '../rollout/rollout.ts'
import { withheld } from '../rollout/withheld.ts'
import { assess, liveSerials, noSecrets, type Assessment } from './assess.ts'
import { heldRendering } from './held.ts'
import type { Course } from './job.ts'
import type { Progress } from './progress.ts'
import { presumed, withDone, withKept } from './presumed.ts'
import type { DeployRequest } from './request.ts'
import { refuseOutside, refuseStrange } from './strange.ts'
import { runningParts } from './running.ts'
import type { Session } from './session.ts'
import type { Begun } from './start.ts'
import { serialPaths } from './survey.ts'
import { settledByHand } from './settled.ts'

/** Throws a FailureError: foreign or edited files, no safe order, or not the rollout that was reviewed. */
export async function agree(
  session: Session,
  { facts }: Begun,
  request: DeployRequest,
  progress: Progress,
): Promise<Course> {
  const before = heldRendering(request.target.lab, facts.values())
  const target = scoped(request, before, facts.keys())
  refuseOutside(request)
  const paths = serialPaths(target)
  const serials = liveSerials(facts, Object.fromEntries(Object.entries(paths).map(([path, { id }]) => [path, id])))
  const all = compare(before, target).filter(({ host }) => facts.has(host))
  const live = Object.fromEntries(Object.entries(serials).map(([id, number]) => [id, Math.max(1, number)]))
  const found = assess(facts, target, all, request.secrets, live, request.override)
  const settled = await settledByHand(session, before, target, request)
  await refuseStrange({ session, facts, target, found: withoutSettled(found, target, settled), request, progress })
  const running = await runningParts(session, facts, request.target)
  const side = (held: Rendering) => presumed(held, request.target, running, request.without)
  const sides = { before: withDone(side(before), request.target, settled), after: side(target) }
  const rollout = planned(request, { ...sides, before: withKept(sides.before, found.kept) }, found.changes, settled)
  refuseUnreviewed(request, rollout, sides, all, settled)
  progress.rollout = rollout
  const later = (rollout.byHand ?? []).map(({ service }) => service)
  return {
    rollout,
    before: before.hosts,
    running,
    presumed: sides.before.hosts,
    target: withheld(before, target, later),
    secrets: request.secrets ?? noSecrets,
    serials,
    serialPaths: paths,
    facts,
    kept: found.kept,
    lost: new Set(request.without),
    oldBytes: null,
    // Where something is left to do nobody is at the commit yet.
    commit: later.length > 0 ? null : request.commit,
    at: new Date(request.clock.now()).toISOString(),
  }
}

/** What a person did by hand, as they were told, is no drift: the file is about to be written anew. */
function withoutSettled(found: Assessment, target: Rendering, settled: readonly string[]): Assessment {
  const isSettled = (host: string, path: string) =>
    target.hosts[host]?.parts.some(
      ({ service, files }) => settled.includes(service) && files.some((file) => file.path === path),
    ) === true
  return { ...found, drifted: found.drifted.filter(({ host, path }) => !isSettled(host, path)) }
}

/** With --only the other hosts are to hold what they hold. */
function scoped({ only, target }: DeployRequest, before: Rendering, hosts: Iterable<string>): Rendering {
  const stranger = only.find((host) => !Object.hasOwn(target.hosts, host))
  if (stranger !== undefined) {
    const next = `name one of: ${Object.keys(target.hosts).join(', ')}`
    throw new FailureError(
      { what: `"${stranger}" is no host of the lab`, where: '--only', now: 'nothing was changed', next },
      2,
    )
  }
  if (only.length === 0) return target
  const others = [...hosts].filter((host) => !only.includes(host))
  const held = others.flatMap((host) => (before.hosts[host] === undefined ? [] : [[host, before.hosts[host]] as const]))
  const wanted = Object.entries(target.hosts).filter(([host]) => !others.includes(host))
  return { ...target, hosts: Object.fromEntries([...held, ...wanted].toSorted(([a], [b]) => (a < b ? -1 : 1))) }
}

/** Both sides, with what counts as being there. */
interface Sides {
  readonly before: Rendering
  readonly after: Rendering
}

function planned(
  request: DeployRequest,
  { before, after }: Sides,
  changes: readonly Change[],
  settled: readonly string[],
): Rollout {
  const { renderers, last, acceptOutage, without: lost } = request
  const result = plan(before, after, changes, renderers, { last, acceptOutage, lost, settled })
  if (result.kind === 'rollout') return result.rollout
  throw new FailureError(
    {
      what: `no safe order exists: ${result.refusals.map(({ why }) => why).join('; ')}`,
      where: result.refusals.map(({ part, host }) => `${part} on ${host}`).join(', '),
      now: 'nothing was changed on any host',
      next: [...new Set(result.refusals.flatMap(({ waysOut }) => waysOut))].join('; or '),
    },
    4,
  )
}

/** Steps that turned out to be nothing to do may be missing: the reviewed rollout is the one of all changes. */
function refuseUnreviewed(
  request: DeployRequest,
  rollout: Rollout,
  sides: Sides,
  all: readonly Change[],
  settled: readonly string[],
): void {
  const { reviewed } = request
  if (reviewed === null || reviewed === rollout.digest) return
  const whole = planned(request, sides, all, settled)
  if (reviewed === whole.digest) return
  const steps = rollout.waves
    .flat()
    .map(({ id, part, writes }) => `${id} ${part} on ${writes.map(({ host }) => host).join(', ')}`)
  throw new FailureError(
    {
      what: `this is not the rollout that was reviewed: ${rollout.digest.slice(0, 12)} instead of ${reviewed.slice(0, 12)}; it would do ${steps.join('; ') || 'nothing'}`,
      where: '--reviewed',
      now: 'nothing was changed on any host',
      next: 'look at "quorate plan" again, and deploy with its digest',
    },
    4,
  )
}
