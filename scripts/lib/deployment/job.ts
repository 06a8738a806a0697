/** A step of a rollout, made ready to be carried out: the bytes, the expectations, the probes and the groups. */
import type { Id, PerHost } from '../../../renderers/renderer.ts'
import { canonicalJson } from '../bundle/canonical.ts'
import type { Change } from '../bundle/change.ts'
import type { Secrets } from '../bundle/fill.ts'
import type { Bundle, PartManifest, Rendering } from '../bundle/rendering.ts'
import { FailureError } from '../failure.ts'
import type { Rollout, Step, Write } from '../rollout/rollout.ts'
import { driftOf, fileIn } from './assess.ts'
import { withCopies } from './copies.ts'
import { viewOf, type World } from './groups.ts'
import { bundleBetween } from './held.ts'
import { lookAt, type Facts, type Look } from './inspect.ts'
import { goneMembers } from './leaving.ts'
import { ownView } from './own-view.ts'
import { present } from './present.ts'
import type { Running } from './running.ts'
import type { Session } from './session.ts'
import type { Stage, StagedFile } from './stage.ts'
import type { Job } from './step.ts'
import { wantedFile, type Serial, type WantedFile } from './wanted.ts'

/** One way through a rollout: forward, or taking it back. */
export interface Course {
  readonly rollout: Rollout
  readonly before: PerHost<Bundle>
  /** `before`, with what runs on adopted hosts and what lost hosts held: whom to ask whether their groups are whole. */
  readonly presumed: PerHost<Bundle>
  readonly running: Running
  readonly target: Rendering
  readonly secrets: Secrets
  /** By name, the number that is live now. */
  readonly serials: Readonly<Record<Id, number>>
  /** By path: files with such a number. */
  readonly serialPaths: Readonly<Record<string, Serial>>
  /** What every host said before the course began. */
  readonly facts: ReadonlyMap<string, Facts>
  /** By host: files that only have to be written down. */
  readonly kept: Readonly<Record<string, readonly WantedFile[]>>
  readonly lost: ReadonlySet<string>
  /** Taking back: where on its host the old bytes of "host:path" are kept. Null forward. */
  readonly oldBytes: ReadonlyMap<string, string> | null
  readonly commit: string | null
  /** ISO 8601. */
  readonly at: string
}

/** The parts of each host whose step is confirmed. */
export type Done = ReadonlyMap<string, ReadonlySet<string>>

/** `generation`: the name under which this step's bytes are kept. Throws a FailureError where a file is not as it was before. */
export async function jobOf(
  session: Session,
  course: Course,
  step: Step,
  done: Done,
  generation: string,
): Promise<Job> {
  const world = worldOf(course, done)
  const lastActs = (write: Write) => (write.acts.length === 0 ? 0 : 1)
  const writes = step.writes.filter(({ changes }) => changes.length > 0).toSorted((a, b) => lastActs(a) - lastActs(b))
  const written = await Promise.all(writes.map((write) => stageOf(session, course, step, write, done, generation)))
  const stages = await withCopies(session, course, written)
  const hosts = writes.map(({ host }) => host)
  const after = (host: string) => partIn(course.target.hosts[host], step.part)
  const views = (ids: readonly Id[], to: World) => ids.flatMap((id) => viewOf(id, to) ?? [])
  const next = withPart(
    done,
    step.writes.map(({ host }) => host),
    step.part,
  )
  const { lost } = course
  return {
    step,
    steps: course.rollout.waves.flat().length,
    takingBack: course.oldBytes !== null,
    stages,
    checks: Object.fromEntries(hosts.map((host) => [host, after(host)?.check ?? []])),
    own: writes.map(({ host, acts }) => ownView(host, after(host)?.probe ?? [], acts, isBare(course, host, step.part))),
    gate: views(step.gate, world).map((view) =>
      present(view, { missing: step.missing, gone: goneMembers(course, done), lost }),
    ),
    whole: views(step.whole, worldOf(course, next)).map((view) =>
      present(view, {
        missing: step.completes.includes(view.group.id) ? [] : step.missing,
        gone: goneMembers(course, next),
        lost,
      }),
    ),
    lost,
    managers: [...course.facts.values()].filter(({ ha }) => ha !== 'none').map(({ host }) => host),
  }
}

/** Nothing was ever deployed to the host, and nothing of the part runs there: there is nothing to go back to. */
function isBare({ before, presumed }: Course, host: string, part: string): boolean {
  return before[host] === undefined && partIn(presumed[host], part) === undefined
}

/** `done` and one step more. */
export function withPart(done: Done, hosts: readonly string[], part: string): Done {
  const next = new Map(done)
  for (const host of hosts) next.set(host, new Set([...(next.get(host) ?? []), part]))
  return next
}

/** Where the lab stands between the two renderings. */
export function worldOf(course: Course, done: Done): World {
  const changed = changedParts(course.rollout)
  const isDone = ({ writes, part }: Step) => writes.every(({ host }) => done.get(host)?.has(part) === true)
  const completed = new Set(course.rollout.waves.flat().flatMap((step) => (isDone(step) ? step.completes : [])))
  return {
    before: course.presumed,
    after: course.target.hosts,
    updated: (host) => [...(changed.get(host) ?? [])].every((part) => done.get(host)?.has(part) === true),
    begun: ({ id, host }) => [...(done.get(host) ?? [])].some((part) => isOwn(part, id)),
    completed: (group) => completed.has(group),
  }
}

/** "corosync" and "corosync.unit" are corosync@pve1's own. */
function isOwn(part: string, member: Id): boolean {
  const name = member.slice(0, member.indexOf('@'))
  return part === name || part.startsWith(`${name}.`)
}

/** By host: the parts that the rollout changes. */
export function changedParts(rollout: Rollout): ReadonlyMap<string, ReadonlySet<string>> {
  const parts = new Map<string, Set<string>>()
  for (const step of rollout.waves.flat()) {
    for (const { host } of step.writes) parts.set(host, (parts.get(host) ?? new Set()).add(step.part))
  }
  return parts
}

async function stageOf(
  session: Session,
  course: Course,
  step: Step,
  write: Write,
  done: Done,
  generation: string,
): Promise<Stage> {
  const { host, changes, acts } = write
  const fresh = await lookAt(
    host,
    session,
    changes.map(({ path }) => path),
  )
  const files = changes.map((change) => stagedFile(course, change, fresh))
  const kept = done.has(host) ? [] : (course.kept[host] ?? []).map((wanted) => keptFile(wanted))
  const changed = changedParts(course.rollout).get(host) ?? new Set()
  const now = withPart(done, [host], step.part).get(host) ?? new Set()
  const complete = [...changed].every((part) => now.has(part))
  const target = course.target.hosts[host]
  const before = course.before[host] ?? null
  const manifest = target === undefined ? before : bundleBetween(before, target, changed, now)
  const deployed = { commit: complete ? course.commit : null, rollout: course.rollout.digest, at: course.at }
  return {
    host,
    generation,
    files: [...files, ...kept],
    acts,
    copied: [],
    ...(step.lockstep === undefined ? {} : { inTurn: { first: step.lockstep.stop[host] ?? [] } }),
    strange: driftOf(course.facts).flatMap((each) => (each.host === host && each.kind === 'edited' ? [each.path] : [])),
    record: { manifest: `${canonicalJson(manifest)}\n`, deployed: `${canonicalJson(deployed)}\n` },
  }
}

function stagedFile(course: Course, change: Change, fresh: Look): StagedFile {
  const { host, path } = change
  const expect = expectation(course, change, fresh)
  const bundle = change.kind === 'removed' ? course.before[host] : course.target.hosts[host]
  const file = bundle === undefined ? null : fileIn(bundle, path)
  if (file === null) throw new Error(`the rollout changes ${host}:${path}, which neither rendering holds`)
  const place = { path, mode: file.mode, owner: file.owner, store: file.store, expect }
  if (change.kind === 'removed') return { ...place, op: 'remove' }
  if (course.oldBytes !== null) {
    const source = course.oldBytes.get(`${host}:${path}`)
    if (source === undefined) throw new Error(`the old bytes of ${host}:${path} are not kept`)
    // The host itself raises the number, and says what its bytes are then.
    const prefix = course.serialPaths[path]?.prefix
    const serial = prefix === undefined ? null : { prefix, onRevert: 0 }
    return { ...place, op: 'put', hash: '-', renderHash: file.renderHash, source, serial }
  }
  const next = Object.fromEntries(Object.entries(course.serials).map(([id, live]) => [id, live + 1]))
  const wanted = wantedFile(course.target, file, course.secrets, next)
  const serial =
    wanted.serial === null
      ? null
      : { prefix: wanted.serial.prefix, onRevert: (course.serials[wanted.serial.id] ?? 0) + 2 }
  return { ...place, op: 'put', hash: wanted.hash, renderHash: file.renderHash, source: wanted.bytes, serial }
}

export function keptFile({ file, hash }: WantedFile): StagedFile {
  const { path, mode, owner, store, renderHash } = file
  return { path, mode, owner, store, expect: hash, op: 'keep', hash, renderHash }
}

/** What the host has to find when it puts the file in place: what was seen when the rollout was planned. */
function expectation(course: Course, { host, path }: Change, fresh: Look): string {
  const content = (facts: Look | undefined) => {
    const fact = facts?.paths[path]
    return fact === undefined ? null : fact.kind === 'file' ? fact.content : fact.kind
  }
  const intact = (facts: Look | undefined) => facts?.managed.find((each) => each.path === path)?.intact ?? null
  const planned = course.facts.get(host)
  const seen = content(planned)
  const now = content(fresh) ?? 'absent'
  if ((seen === null || seen === now) && intact(planned) === intact(fresh)) return now
  throw new FailureError(
    {
      what: `${path} on ${host} was changed by somebody while the rollout was going on`,
      where: `${host}:${path}`,
      now: 'the step was not begun',
      next: 'see with "quorate drift" what changed, and run again',
    },
    4,
  )
}

function partIn(bundle: Bundle | undefined, id: string): PartManifest | undefined {
  return bundle?.parts.find((part) => part.id === id)
}
