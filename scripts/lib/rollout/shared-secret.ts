/** A secret that several hosts share cannot change on one of them after the other: meanwhile they would not understand each other. */
import type { Id, Move } from '../../../renderers/renderer.ts'
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
 * Why a service's changed secret is refused: it stood in files of several hosts, or does now (a VRRP password, the two halves of a VPN's key),
 * and not all of them are in one of the `moves`. Null where no such secret changed.
 */
export function sharedSecret(
  before: Rendering,
  after: Rendering,
  service: string,
  moves: readonly Move[] = [],
): Refusal | null {
  for (const { id, first, all } of changesOf(before, after, service)) {
    // It is shown to clients, each of which meets one host; hosts do not speak to each other by it.
    if (after.secrets[id]?.kind === 'certificate-and-key') continue
    const hosts = [...new Set(all.map(({ host }) => host))]
    const isMoved = moves.some((move) =>
      all.every(({ host, part }) => part === move.part && Object.hasOwn(move.effects, host)),
    )
    if (hosts.length > 1 && !isMoved) return refusal(service, id, first, hosts)
  }
  return null
}

/** The secrets of a service that have another ciphertext now on a host that had them. */
export function changedSecrets(before: Rendering, after: Rendering, service: string): ReadonlySet<Id> {
  return new Set(changesOf(before, after, service).map(({ id }) => id))
}

interface ChangedSecret {
  readonly id: Id
  /** One of those for whom it changed. */
  readonly first: Holder
  /** Everybody who had it or has it now. */
  readonly all: readonly Holder[]
}

/** Sorted by id. A ciphertext that changed counts as a value that changed: without a key nobody can tell. */
function changesOf(before: Rendering, after: Rendering, service: string): readonly ChangedSecret[] {
  const old = holders(before, service)
  const young = holders(after, service)
  return [...young.keys()].toSorted(byCodeUnits).flatMap((id) => {
    const [was = [], is = []] = [old.get(id), young.get(id)]
    const first = is.find(({ host, fingerprint }) =>
      was.some((one) => one.host === host && one.fingerprint !== fingerprint),
    )
    return first === undefined ? [] : [{ id, first, all: [...was, ...is] }]
  })
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
