/** Members that leave their group in a rollout. */
import type { Id, Member } from '../../../renderers/renderer.ts'
import type { Course, Done } from './job.ts'

export interface Gone extends Pick<Member, 'id' | 'host'> {
  readonly group: Id
}

/**
 * Those that the lab has no more, and whose part was taken off their host by a step in `done`: nobody can ask them any more, nor others for
 * them, though the others' own files may still name them.
 */
export function goneMembers(
  { rollout, presumed, target }: Pick<Course, 'rollout' | 'presumed' | 'target'>,
  done: Done,
): readonly Gone[] {
  const stay = new Set(membersIn(target.hosts).map(keyOf))
  const off = rollout.waves
    .flat()
    .filter(({ part, writes }) => writes.every(({ host }) => done.get(host)?.has(part) === true && !has(host, part)))
    .flatMap(({ interrupts }) => interrupts)
  return membersIn(presumed).filter((member) => off.includes(member.id) && !stay.has(keyOf(member)))

  function has(host: string, part: string): boolean {
    return target.hosts[host]?.parts.some(({ id }) => id === part) ?? false
  }
}

function membersIn(bundles: Course['presumed']): readonly Gone[] {
  const groups = Object.values(bundles).flatMap((bundle) => bundle.groups)
  return groups.flatMap(({ id: group, members }) => members.map(({ id, host }) => ({ group, id, host })))
}

function keyOf({ group, id }: Gone): string {
  return `${group} ${id}`
}
