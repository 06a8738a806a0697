/** Who has to be armed for a step besides those that it writes on: every host with a copy of a file that pmxcfs spreads. */
import type { Act, Copy } from '../../../renderers/renderer.ts'
import { FailureError } from '../failure.ts'
import { fileIn } from './assess.ts'
import { lookAt } from './inspect.ts'
import type { Course } from './job.ts'
import type { Session } from './session.ts'
import type { Stage, StagedFile } from './stage.ts'

type Put = Extract<StagedFile, { readonly op: 'put' }>

/** A file that is about to change on pmxcfs, and how each host keeps its copy of it. */
interface Spread {
  readonly file: Put & { readonly serial: NonNullable<Put['serial']> }
  readonly copies: ReadonlyMap<string, Copy>
}

/**
 * The stages with the copies of what they write, and stages for hosts that have nothing but a copy. Those come first: they are confirmed before
 * the host that wrote, which can still put the old content back for all of them.
 * Throws a FailureError where a copy is not what pmxcfs holds: then nobody knows what a revert would bring back.
 */
export async function withCopies(
  session: Session,
  course: Course,
  stages: readonly Stage[],
): Promise<readonly Stage[]> {
  const spreads = stages.flatMap(({ files }) => files.flatMap((file) => spreadOf(course, file) ?? []))
  if (spreads.length === 0) return stages
  const hosts = [...new Set(spreads.flatMap(({ copies }) => [...copies.keys()]))].toSorted()
  const copies = new Map(
    await Promise.all(hosts.map(async (host) => [host, await copiesOn(session, host, spreads)] as const)),
  )
  const own = stages.map((stage) => {
    const here = copies.get(stage.host)
    return here === undefined ? stage : { ...stage, files: [...stage.files, ...here.files], copied: here.copied }
  })
  const generation = stages[0]?.generation ?? ''
  const others = hosts
    .filter((host) => !stages.some((stage) => stage.host === host))
    .map((host) => ({ host, generation, acts: [], record: null, ...(copies.get(host) as Copies) }))
  return [...others, ...own]
}

/** A file that comes to pmxcfs for the first time has no copies yet that anything could live by. */
function spreadOf(course: Course, file: StagedFile): Spread | null {
  if (file.op !== 'put' || file.store !== 'pmxcfs' || file.serial === null || file.expect === 'absent') return null
  const hosts = [...course.facts.keys()].filter((host) => !course.lost.has(host))
  const copies = hosts.flatMap((host) => {
    const sides = [course.target.hosts[host], course.before[host]]
    const copy = sides.flatMap((bundle) => (bundle === undefined ? [] : (fileIn(bundle, file.path)?.copy ?? [])))[0]
    return copy === undefined ? [] : [[host, copy] as const]
  })
  return copies.length === 0 ? null : { file: { ...file, serial: file.serial }, copies: new Map(copies) }
}

type Copies = Pick<Stage, 'files' | 'copied'>

async function copiesOn(session: Session, host: string, spreads: readonly Spread[]): Promise<Copies> {
  const here = spreads.flatMap(({ file, copies }) => {
    const copy = copies.get(host)
    return copy === undefined ? [] : [{ file, copy }]
  })
  const { paths } = await lookAt(
    host,
    session,
    here.map(({ copy }) => copy.path),
  )
  const files = here.map(({ file, copy }): StagedFile => {
    const fact = paths[copy.path]
    if (fact?.kind !== 'file' || fact.content !== file.expect) throw differs(host, copy.path, file.path)
    const { path, mode, owner } = copy
    const hash = file.hash === '-' ? null : file.hash
    return {
      path,
      mode,
      owner,
      store: 'disk',
      expect: fact.content,
      op: 'copy',
      hash,
      of: file.path,
      serial: file.serial,
    }
  })
  const acts = here.flatMap(({ copy }) => copy.acts)
  return { files, copied: [...new Map(acts.map((act: Act) => [JSON.stringify(act), act])).values()] }
}

function differs(host: string, path: string, shared: string): FailureError {
  return new FailureError(
    {
      what: `${path} on ${host} is not what ${shared} holds`,
      where: `${host}:${path}`,
      now: 'the step was not begun',
      next: `see on ${host} why pmxcfs has not copied it ("journalctl -u pve-cluster" tells of a newer one), make them equal, and run again`,
    },
    4,
  )
}
