/** What the hosts hold, as a rendering: rebuilt from the manifests that they keep, to compare and plan with. */
import type { Bundle, Rendering } from '../bundle/rendering.ts'
import { FailureError } from '../failure.ts'
import type { Facts } from './inspect.ts'

/** A host that nothing was ever deployed to holds nothing. Contents are not kept on hosts, so there are none. */
export function heldRendering(lab: string, facts: Iterable<Facts>): Rendering {
  const hosts = [...facts].flatMap(({ host, manifest }) => (manifest === null ? [] : [checked(lab, host, manifest)]))
  return {
    format: 1,
    lab,
    hosts: Object.fromEntries(hosts.map((bundle) => [bundle.host, bundle])),
    contents: {},
    secrets: {},
  }
}

function checked(lab: string, host: string, manifest: Bundle): Bundle {
  if (manifest.format === 1 && manifest.host === host && manifest.lab === lab) return manifest
  throw new FailureError(
    {
      what: `${host} holds a manifest of host "${manifest.host}" in lab "${manifest.lab}" (format ${String(manifest.format)}), not of "${host}" in "${lab}"`,
      where: `${host}:/var/lib/quorate/manifest.json`,
      now: 'nothing was changed on any host',
      next: 'see whether the address leads to the right host, and whether another lab or a newer quorate deploys to it',
    },
    4,
  )
}

/**
 * A host's bundle when some of its parts are as in `after` and the others still as in `before`.
 * `done`: the ids of the parts whose step is confirmed.
 */
export function bundleBetween(
  before: Bundle | null,
  after: Bundle,
  changed: ReadonlySet<string>,
  done: ReadonlySet<string>,
): Bundle {
  if ([...changed].every((part) => done.has(part))) return after
  const old = new Map((before?.parts ?? []).map((part) => [part.id, part]))
  const young = new Map(after.parts.map((part) => [part.id, part]))
  const ids = [...new Set([...old.keys(), ...young.keys()])].toSorted()
  const parts = ids.flatMap((id) => (changed.has(id) && !done.has(id) ? old.get(id) : young.get(id)) ?? [])
  const waiting = new Set([...changed].filter((part) => !done.has(part)).map((part) => serviceOf(part, old, young)))
  const services = Object.entries({ ...before?.services, ...after.services }).flatMap(([service, settings]) => {
    const known = waiting.has(service) ? (before?.services[service] ?? settings) : after.services[service]
    return known === undefined ? [] : [[service, known] as const]
  })
  return {
    ...after,
    // Until the last step is through, the host may still have to be looked for where it was.
    way: before?.way ?? after.way,
    parts,
    services: Object.fromEntries(services.toSorted(([a], [b]) => (a < b ? -1 : 1))),
    groups: before?.groups ?? after.groups,
  }
}

function serviceOf(part: string, ...maps: readonly ReadonlyMap<string, Bundle['parts'][number]>[]): string | undefined {
  return maps.map((map) => map.get(part)?.service).find((service) => service !== undefined)
}
