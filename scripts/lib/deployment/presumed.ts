/** What counts as being there beyond what the hosts' manifests say: what runs on adopted hosts, and what lost hosts held. */
import type { PerHost } from '../../../renderers/renderer.ts'
import type { Bundle, Rendering } from '../bundle/rendering.ts'
import type { Assessment } from './assess.ts'
import type { Running } from './running.ts'

/**
 * The rendering with those parts and their groups, to plan and to ask with; never to be written down as held. Settings are only those that
 * are known. A lost host is taken to hold, as `target` has it, what others hold too: so it counts among those that are missing.
 */
export function presumed(held: Rendering, target: Rendering, running: Running, lost: readonly string[]): Rendering {
  const there = { ...held.hosts, ...adopted(held.hosts, target, running) }
  const others = Object.values(there).filter(({ host }) => !lost.includes(host))
  const parts = new Set(others.flatMap((bundle) => bundle.parts.map(({ id }) => id)))
  const groups = new Set(others.flatMap((bundle) => bundle.groups.map(({ id }) => id)))
  const dead = lost.flatMap((host) => {
    const bundle = target.hosts[host]
    return bundle === undefined
      ? []
      : [
          bundleOf(
            bundle,
            ({ id }) => parts.has(id),
            (id) => groups.has(id),
          ),
        ]
  })
  const hosts = { ...there, ...byHost(dead) }
  return { ...held, hosts: Object.fromEntries(Object.entries(hosts).toSorted(([a], [b]) => (a < b ? -1 : 1))) }
}

/**
 * Where a file's bytes are the wanted ones already, its secrets are too: a file of secrets that was only encrypted again has other ciphertexts and the
 * same values. `kept`: such files, by host.
 */
export function withKept(held: Rendering, kept: Assessment['kept']): Rendering {
  const hosts = Object.entries(held.hosts).map(([host, bundle]) => {
    const same = new Map((kept[host] ?? []).map(({ file }) => [file.path, file.secrets]))
    const parts = bundle.parts.map((part) => ({
      ...part,
      files: part.files.map((file) => ({ ...file, secrets: same.get(file.path) ?? file.secrets })),
    }))
    return [host, same.size === 0 ? bundle : { ...bundle, parts }] as const
  })
  return { ...held, hosts: Object.fromEntries(hosts) }
}

/** With the groups of `services` as `target` has them, on every host that knows them: somebody brought them there by hand. */
export function withDone(held: Rendering, target: Rendering, services: readonly string[]): Rendering {
  if (services.length === 0) return held
  const hosts = Object.entries(held.hosts).map(([host, bundle]) => {
    const isDone = (id: string) => services.some((service) => id === service || id.startsWith(`${service}.`))
    const young = target.hosts[host]?.groups.filter(({ id }) => isDone(id)) ?? []
    const groups = bundle.groups.map((group) => young.find(({ id }) => id === group.id) ?? group)
    return [host, { ...bundle, groups }] as const
  })
  return { ...held, hosts: Object.fromEntries(hosts) }
}

function adopted(held: PerHost<Bundle>, target: Rendering, running: Running): PerHost<Bundle> {
  const bundles = [...running].flatMap(([host, parts]) => {
    const whole = target.hosts[host]
    if (whole === undefined || parts.size === 0) return []
    const own = held[host]
    const known = new Set(own?.parts.map(({ id }) => id))
    const more = bundleOf(
      whole,
      ({ id }) => parts.has(id) && !known.has(id),
      (id) => makersOf(whole, id).every((part) => parts.has(part) || known.has(part)),
    )
    const groups = new Set(own?.groups.map(({ id }) => id))
    return {
      ...(own ?? { ...more, services: {} }),
      parts: [...(own?.parts ?? []), ...more.parts].toSorted((a, b) => (a.id < b.id ? -1 : 1)),
      groups: [...(own?.groups ?? []), ...more.groups.filter(({ id }) => !groups.has(id))],
    }
  })
  return byHost(bundles)
}

/** The parts that make the host's member of a group: those named like it, or else all of the service that its name begins with. */
function makersOf({ host, parts, groups }: Bundle, group: string): readonly string[] {
  const member = groups.find(({ id }) => id === group)?.members.find((each) => each.host === host)
  const name = member?.id.slice(0, member.id.indexOf('@')) ?? group
  const named = parts.filter(({ id }) => id === name || id.startsWith(`${name}.`))
  const made = named.length > 0 ? named : parts.filter(({ service }) => service === name.split('.')[0])
  return made.map(({ id }) => id)
}

function bundleOf(
  bundle: Bundle,
  hasPart: (part: Bundle['parts'][number]) => boolean,
  hasGroup: (id: string) => boolean,
) {
  return { ...bundle, parts: bundle.parts.filter(hasPart), groups: bundle.groups.filter(({ id }) => hasGroup(id)) }
}

function byHost(bundles: readonly Bundle[]): PerHost<Bundle> {
  return Object.fromEntries(bundles.map((bundle) => [bundle.host, bundle]))
}
