/** Members that leave their group in a rollout. */
import type { Id, Member } from '../../../renderers/renderer.ts'
import type { Course, Done } from './job.ts'

export interface Gone extends Pick<Member, 'id' | 'host'> {
  readonly group: Id
}

/**
 * Those that the lab has no more, and that a step in `done` took off their host or cut off from another one: nobody can ask them any more, nor
 * others for them, though the others' own files may still name them.
 */
export function goneMembers(
  { rollout, presumed, target }: Pick<Course, 'rollout' | 'presumed' | 'target'>,
  done: Done,
): readonly Gone[] {
  const stay = new Set(membersIn(target.hosts).map(keyOf))
  const steps = rollout.waves
    .flat()
    .filter(({ part, writes }) => writes.every(({ host }) => done.get(host)?.has(part) === true))
  const isOff = ({ id, host }: Gone) =>
    steps.some(({ interrupts, part, writes }) => {
      const here = writes.filter((write) => write.host === host)
      return interrupts.includes(id) && here.every(() => !has(host, part))
    })
  return membersIn(presumed).filter((member) => !stay.has(keyOf(member)) && isOff(member))

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
