/** Which parts work on hosts that we never wrote them on: what is there already has something to lose. */
import type { PartManifest, Rendering } from '../bundle/rendering.ts'
import type { Facts } from './inspect.ts'
import { faultsOn } from './probe.ts'
import type { Session } from './session.ts'

/** By host: ids of parts that the host's manifest does not name, and that work there as the target says. */
export type Running = ReadonlyMap<string, ReadonlySet<string>>

/** Asks every host that answered for the probes of its parts; nothing is written. A part without probes works where a file of it is there. */
export async function runningParts(
  session: Session,
  facts: ReadonlyMap<string, Facts>,
  target: Rendering,
): Promise<Running> {
  const asked = [...facts.values()].map(async (fact) => {
    const held = new Set(fact.manifest?.parts.map(({ id }) => id))
    const strange = (target.hosts[fact.host]?.parts ?? []).filter(({ id }) => !held.has(id))
    const works = await Promise.all(strange.map((part) => isRunning(session, fact, part)))
    const parts = new Set(strange.filter((_, index) => works[index]).map(({ id }) => id))
    const whole = strange.filter((part) =>
      strange.every((other) => parts.has(other.id) || !isOneThing(part.id, other.id)),
    )
    return [fact.host, new Set(whole.map(({ id }) => id))] as const
  })
  return new Map(await Promise.all(asked))
}

async function isRunning(session: Session, { host, paths }: Facts, { files, probe }: PartManifest): Promise<boolean> {
  if (probe.length === 0) return files.some(({ path }) => paths[path]?.kind === 'file')
  return (await faultsOn(host, session, probe)).length === 0
}

/** "corosync" and "corosync.unit" make one member; so neither works without the other. */
function isOneThing(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`)
}
