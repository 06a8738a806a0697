/** What every host is written down to hold once a rollout is through, also where no file of it changed. */
import { canonicalJson } from '../bundle/canonical.ts'
import type { Bundle } from '../bundle/rendering.ts'
import { isThere, liveSerials } from './assess.ts'
import type { Facts } from './inspect.ts'
import { keptFile, type Course } from './job.ts'
import { generationName } from './course.ts'
import type { Progress } from './progress.ts'
import type { Session } from './session.ts'
import { stage, type StagedFile } from './stage.ts'
import { survey } from './survey.ts'
import { wantedFile } from './wanted.ts'

/** Writes manifests that are behind, and removes generations that nobody needs any more. A host that is up to date is left alone. */
export async function recordAll(session: Session, course: Course, progress: Progress): Promise<void> {
  const written = new Set(course.rollout.waves.flat().flatMap(({ writes }) => writes.map(({ host }) => host)))
  // With no step nothing changed since the hosts were asked.
  const { facts } = written.size === 0 ? course : await survey(session, course.target, [...course.facts.keys()])
  const live = liveSerials(
    facts,
    Object.fromEntries(Object.entries(course.serialPaths).map(([path, { id }]) => [path, id])),
  )
  for (const [host, fact] of facts) {
    const bundle = course.target.hosts[host]
    if (bundle === undefined) continue
    const files = unwritten(course, fact, bundle, live)
    const generation = generationName(session.fence, 0, false)
    if (files.length > 0 || canonicalJson(fact.manifest) !== canonicalJson(bundle)) {
      const deployed = { commit: course.commit, rollout: course.rollout.digest, at: course.at }
      const words = { manifest: `${canonicalJson(bundle)}\n`, deployed: `${canonicalJson(deployed)}\n` }
      await stage(session, { host, generation, files, acts: [], copied: [], record: words })
      await session.write(host, 'record', [generation], [], 60_000)
      progress.recorded.add(host)
    }
    if (written.has(host) || progress.recorded.has(host)) await prune(session, host, fact)
  }
}

/** Files of the bundle that are on disk as wanted, but not in the host's list. */
function unwritten(
  course: Course,
  fact: Facts,
  bundle: Bundle,
  live: Readonly<Record<string, number>>,
): readonly StagedFile[] {
  return bundle.parts.flatMap(({ files }) =>
    files.flatMap((file) => {
      const known = fact.managed.find(({ path }) => path === file.path)
      if (known?.renderHash === file.renderHash && known.intact === 'yes') return []
      // What a host that was left out holds is not rendered.
      if (!Object.hasOwn(course.target.contents, file.content)) return []
      const wanted = wantedFile(course.target, file, course.secrets, live)
      return isThere(fact, wanted) ? [keptFile(wanted)] : []
    }),
  )
}

/** This run's generations and those of the run before stay: the old bytes of the last deployment can always be looked at. */
async function prune(session: Session, host: string, { generations }: Facts): Promise<void> {
  const names = generations.map(({ name }) => name)
  const own = generationName(session.fence, 0, false)
  const last = names.findLast((name) => runOf(name) !== runOf(own))
  const keep = names.filter((name) => runOf(name) === runOf(own) || (last !== undefined && runOf(name) === runOf(last)))
  await session.write(
    host,
    'prune',
    [],
    [...keep, own].map((name) => ['keep', name]),
    60_000,
  )
}

/** The fencing number: a run has one of its own. */
function runOf(generation: string): string {
  return generation.slice(0, 6)
}
