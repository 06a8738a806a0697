/** All hosts inspected at once, and whether a deployment may begin on what they say. */
import pLimit from 'p-limit'
import type { Bundle, Rendering } from '../bundle/rendering.ts'
import { FailureError } from '../failure.ts'
import { inspect, type Facts, type Questions } from './inspect.ts'
import type { Session } from './session.ts'
import { serialOf, type Serial } from './wanted.ts'

export interface Survey {
  readonly facts: ReadonlyMap<string, Facts>
  /** Hosts that did not answer, with the reason. */
  readonly away: ReadonlyMap<string, string>
}

/** Connections opened at the same time. */
const atOnce = 32
/** Below this a generation might not fit. KiB. */
const leastFree = 16 * 1024

/** Hosts that get files, and the nodes: they hold the lease. Sorted. */
export function hostsToAsk(target: Rendering): readonly string[] {
  return Object.values(target.hosts)
    .filter(({ kind, parts, way }) => way.addresses.length > 0 && (kind === 'node' || parts.length > 0))
    .map(({ host }) => host)
    .toSorted()
}

export async function survey(session: Session, target: Rendering, hosts: readonly string[]): Promise<Survey> {
  const limit = pLimit(atOnce)
  const facts = new Map<string, Facts>()
  const away = new Map<string, string>()
  await Promise.all(
    hosts.map((host) =>
      limit(async () => {
        try {
          facts.set(host, await inspect(host, session, questionsFor(target, host)))
        } catch (error) {
          if (!(error instanceof FailureError) || error.exit === 5) throw error
          away.set(host, error.failure.what)
        }
      }),
    ),
  )
  const inOrder = [...facts].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return { facts: new Map(inOrder), away }
}

/** By path: the files that hold a number which may only rise. */
export function serialPaths(target: Rendering): Readonly<Record<string, Serial>> {
  const files = Object.values(target.hosts).flatMap(filesOf)
  return Object.fromEntries(
    files.flatMap((file) => {
      const serial = serialOf(target.contents[file.content] ?? [])
      return serial === null ? [] : [[file.path, serial] as const]
    }),
  )
}

function questionsFor(target: Rendering, host: string): Questions {
  const bundle = target.hosts[host]
  if (bundle === undefined) return { paths: [], needs: [], serials: [] }
  const paths = new Set(filesOf(bundle).map(({ path }) => path))
  const needs = bundle.parts.flatMap(({ needs: each }) => [
    ...Object.values(each.packages),
    ...each.directories,
    ...Object.keys(each.byHand ?? {}),
  ])
  const serials = Object.entries(serialPaths({ ...target, hosts: { [host]: bundle } }))
  return {
    paths: [...paths].toSorted(),
    needs: [...new Set(needs)].toSorted(),
    serials: serials.map(([path, { prefix }]) => ({ path, prefix })),
  }
}

function filesOf(bundle: Bundle) {
  return bundle.parts.flatMap(({ files }) => files)
}

/** Throws a FailureError with everything that forbids to begin, of all hosts at once. */
export function refuseUnfit({ facts, away }: Survey, target: Rendering, without: readonly string[]): void {
  const gone = [...away].filter(([host]) => !without.includes(host)).map(([, why]) => why)
  if (gone.length > 0) {
    throw unfit(
      gone,
      `bring ${gone.length === 1 ? 'it' : 'them'} back; a host that is lost for good is left out with --without HOST`,
    )
  }
  const waiting = [...facts.values()].filter(({ interfacesNew }) => interfacesNew).map(({ host }) => host)
  if (waiting.length > 0) {
    throw unfit(
      waiting.map(
        (host) =>
          `${host} has /etc/network/interfaces.new: a change from the web interface waits there, and its next reboot would put it over ours`,
      ),
      'apply or remove that change in the web interface (Node, System, Network), and run again',
    )
  }
  const missing = [...facts.values()].flatMap((each) => needsOf(each, target.hosts[each.host]))
  if (missing.length > 0)
    throw unfit(
      missing.map(({ what }) => what),
      [...new Set(missing.map(({ next }) => next))].join('; '),
    )
  const full = [...facts.values()].filter(({ freeKib }) => freeKib < leastFree)
  if (full.length > 0) {
    throw unfit(
      full.map(({ host, freeKib }) => `${host} has ${freeKib} KiB left for /var/lib/quorate`),
      `free ${leastFree} KiB there`,
    )
  }
}

function needsOf(
  { host, missing }: Facts,
  bundle: Bundle | undefined,
): readonly { readonly what: string; readonly next: string }[] {
  return missing.map((path) => {
    const byHand = bundle?.parts.flatMap(({ needs }) => Object.entries(needs.byHand ?? {})) ?? []
    const way = byHand.find(([file]) => file === path)?.[1]
    if (way !== undefined) return { what: `${host} has no ${path}`, next: way }
    const packages = bundle?.parts.flatMap(({ needs }) => Object.entries(needs.packages)) ?? []
    const name = packages.find(([, file]) => file === path)?.[0]
    if (name === undefined) return { what: `${host} has no ${path}`, next: `on ${host}: mkdir -p ${path}` }
    return { what: `${host} has no ${path} (package ${name})`, next: `on ${host}: apt-get install ${name}` }
  })
}

function unfit(what: readonly string[], next: string): FailureError {
  return new FailureError({ what: what.join('; '), where: 'inspect', now: 'nothing was changed on any host', next }, 4)
}
