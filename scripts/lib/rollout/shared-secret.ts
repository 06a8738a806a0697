/** A secret that several hosts share cannot change on one of them after the other: meanwhile they would not understand each other. */
import type { Id } from '../../../renderers/renderer.ts'
import { byCodeUnits } from '../bundle/canonical.ts'
import type { Rendering } from '../bundle/rendering.ts'
import { noWay } from './refusal.ts'
import type { Refusal } from './rollout.ts'

interface Holder {
  readonly host: string
  readonly part: string
  readonly fingerprint: string
}

/**
 * Why a service's changed secret is refused: it stood in files of several hosts, or does now (a VRRP password, the two halves of a VPN's key).
 * Null where no such secret changed. A ciphertext that changed counts as a value that changed: without a key nobody can tell.
 */
export function sharedSecret(before: Rendering, after: Rendering, service: string): Refusal | null {
  const old = holders(before, service)
  const young = holders(after, service)
  for (const id of [...young.keys()].toSorted(byCodeUnits)) {
    const [was = [], is = []] = [old.get(id), young.get(id)]
    const changed = is.filter(({ host, fingerprint }) =>
      was.some((one) => one.host === host && one.fingerprint !== fingerprint),
    )
    const hosts = [...new Set([...was, ...is].map(({ host }) => host))]
    const first = changed[0]
    if (first !== undefined && hosts.length > 1) return refusal(service, id, first, hosts)
  }
  return null
}

function holders(rendering: Rendering, service: string): ReadonlyMap<Id, readonly Holder[]> {
  const found = new Map<Id, Holder[]>()
  for (const { host, parts } of Object.values(rendering.hosts)) {
    for (const part of parts.filter((each) => each.service === service)) {
      for (const [id, fingerprint] of part.files.flatMap((file) => Object.entries(file.secrets))) {
        found.set(id, [...(found.get(id) ?? []), { host, part: part.id, fingerprint }])
      }
    }
  }
  return found
}

function refusal(service: string, id: Id, { host, part }: Holder, hosts: readonly string[]): Refusal {
  const names = hosts.toSorted(byCodeUnits).join(', ')
  const why = `the secret ${id} changed, and ${names} share it: hosts with the old value and hosts with the new one do not understand each other`
  const manual = `If it was only encrypted again, put the old ciphertext back. To change it, accept that ${service} is interrupted: put the new value on ${names} by hand, restart ${service} on all of them at once, then run: quorate deploy --adopt`
  return noWay(service, part, host, why, manual)
}
