/** Services that stay as they are for now. */
import type { Bundle, Rendering } from '../bundle/rendering.ts'

/** `after`, with these services as `before` has them: parts, settings and groups. */
export function withheld(before: Rendering, after: Rendering, services: readonly string[]): Rendering {
  if (services.length === 0) return after
  const hosts = Object.entries(after.hosts).map(([host, bundle]) => {
    const old = Object.hasOwn(before.hosts, host) ? before.hosts[host] : undefined
    return [host, withOld(bundle, old, services)] as const
  })
  return { ...after, hosts: Object.fromEntries(hosts) }
}

function withOld(bundle: Bundle, old: Bundle | undefined, services: readonly string[]): Bundle {
  const isHeld = (service: string) => services.includes(service)
  const parts = [
    ...bundle.parts.filter(({ service }) => !isHeld(service)),
    ...(old?.parts ?? []).filter(({ service }) => isHeld(service)),
  ]
  const settings = [
    ...Object.entries(bundle.services).filter(([service]) => !isHeld(service)),
    ...Object.entries(old?.services ?? {}).filter(([service]) => isHeld(service)),
  ]
  const groups = [
    ...bundle.groups.filter(({ id }) => !services.some((service) => isOf(id, service))),
    ...(old?.groups ?? []).filter(({ id }) => services.some((service) => isOf(id, service))),
  ]
  return {
    ...bundle,
    parts: parts.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    services: Object.fromEntries(settings.toSorted(([a], [b]) => (a < b ? -1 : 1))),
    groups: groups.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  }
}

/** A group's id starts with its service's name: "corosync", "tinc.cluster". */
function isOf(group: string, service: string): boolean {
  return group === service || group.startsWith(`${service}.`)
}
