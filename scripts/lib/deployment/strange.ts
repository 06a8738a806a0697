/** Files on the hosts that are not ours to overwrite: a run that nobody told otherwise ends here, and shows them. */
import type { Rendering } from '../bundle/rendering.ts'
import { FailureError } from '../failure.ts'
import type { Assessment } from './assess.ts'
import { editsOf, type Edit } from './edits.ts'
import type { Facts } from './inspect.ts'
import type { Progress } from './progress.ts'
import type { DeployRequest } from './request.ts'
import type { Session } from './session.ts'

interface Found {
  readonly session: Session
  readonly facts: ReadonlyMap<string, Facts>
  readonly target: Rendering
  readonly found: Assessment
  readonly request: Pick<DeployRequest, 'only' | 'adopt' | 'override' | 'secrets'>
  readonly progress: Pick<Progress, 'edits'>
}

type Strange = Pick<Edit, 'host' | 'path' | 'kind'>

const untouched = 'nothing was changed on any host'

/** Where the old bytes go, on their host. */
const keptIn = '/var/lib/quorate/adopted/'

/**
 * Throws a FailureError where a host that would be written on holds files that somebody edited since we wrote them, or that we never wrote, and
 * notes in `progress` what they hold. With --only the other hosts' files are nobody's concern.
 */
export async function refuseStrange({ session, facts, target, found, request, progress }: Found): Promise<void> {
  refuseStray(found, request)
  const strange = blocking(found, request)
  if (strange.length === 0) return
  progress.edits = await editsOf(session, facts, target, strange, request.secrets)
  throw refusalOf(strange, others(facts, strange, request))
}

/** Throws a FailureError (exit 2) where a file is to be overwritten on a host that is left out. */
export function refuseOutside({ override, only }: Pick<DeployRequest, 'override' | 'only'>): void {
  const outside = override.filter((name) => only.length > 0 && !only.includes(placeOf(name).host))
  if (outside.length === 0) return
  const next = `name ${outside.map((name) => placeOf(name).host).join(', ')} with --only too`
  throw refused(
    `${outside.join(', ')} is on a host that --only leaves out`,
    '--override',
    'nothing was changed',
    next,
    2,
  )
}

function blocking(
  { drifted, kept, foreign }: Assessment,
  { adopt, override, only }: Found['request'],
): readonly Strange[] {
  const isAsked = (host: string) => only.length === 0 || only.includes(host)
  // Who brought the edit into the lab wants what is there.
  const isWanted = (host: string, path: string) => kept[host]?.some(({ file }) => file.path === path) === true
  const edited = drifted.filter(
    ({ host, path }) => isAsked(host) && !isWanted(host, path) && !override.includes(`${host}:${path}`),
  )
  if (edited.length > 0) return edited
  return adopt ? [] : foreign.map((name) => ({ ...placeOf(name), kind: 'foreign' as const }))
}

function placeOf(name: string): Pick<Edit, 'host' | 'path'> {
  const end = name.indexOf(':')
  return { host: name.slice(0, end), path: name.slice(end + 1) }
}

function refuseStray({ drifted, foreign }: Assessment, { override }: Found['request']): void {
  const isEdited = (name: string) => drifted.some(({ host, path }) => name === `${host}:${path}`)
  const stray = override.filter((name) => !isEdited(name))
  const [first] = stray
  if (first !== undefined) {
    const ours =
      'name HOST:PATH as "quorate drift" shows it, or leave it out: a file that nobody edited is written anyway'
    const next = foreign.includes(first) ? `quorate never wrote ${first}: --adopt takes it over` : ours
    throw refused(`${stray.join(', ')} was not edited by anybody`, stray.join(', '), untouched, next, 2)
  }
}

/** What the hosts that have nothing in the way do. */
function others(facts: ReadonlyMap<string, Facts>, strange: readonly Strange[], { only }: Found['request']): string {
  const blocked = new Set(strange.map(({ host }) => host))
  const asked = [...facts.keys()].filter((host) => only.length === 0 || only.includes(host))
  const free = asked.filter((host) => !blocked.has(host))
  if (free.length === 0) return untouched
  const names = [...blocked].toSorted().join(', ')
  return `${untouched}; only ${names} ${blocked.size === 1 ? 'is' : 'are'} blocked, and --only ${free.join(' ')} goes on without`
}

function refusalOf(strange: readonly Strange[], now: string): FailureError {
  const names = strange.map(({ host, path }) => `${host}:${path}`)
  const all = names.join(', ')
  const isOne = names.length === 1
  if (strange.some(({ kind }) => kind === 'foreign')) {
    return refused(
      `${names.length} ${isOne ? 'file is' : 'files are'} there already, and quorate never wrote ${isOne ? 'it' : 'them'}: ${all}`,
      all,
      now,
      `bring what is worth keeping into the lab; --adopt overwrites ${isOne ? 'it' : 'them'} (the old bytes stay on the host in ${keptIn})`,
      4,
    )
  }
  const overrides = names.map((name) => `--override ${name}`).join(' ')
  return refused(
    `${names.length} ${isOne ? 'file was' : 'files were'} changed on the hosts since they were deployed: ${all}`,
    all,
    now,
    `bring the change into the lab, or have it overwritten: ${overrides} (the old bytes stay on the host in ${keptIn})`,
    4,
  )
}

function refused(what: string, where: string, now: string, next: string, exit: 2 | 4): FailureError {
  return new FailureError({ what, where, now, next }, exit)
}
