import { hostsOf, mistake, serviceOf, servicePlace, type Finding, type Lab } from '../renderer.ts'
import { unknownMembers } from '../unknown-name.ts'

/** Hosts that are not there or no nodes. */
export function problems(lab: Lab): readonly Finding[] {
  const service = serviceOf<{ hosts: readonly string[] }>(lab, 'interfaces')
  if (service === null) return []
  const at = servicePlace('interfaces', 'hosts')
  const guests = hostsOf(lab, service.hosts).filter(({ kind }) => kind === 'guest')
  return [
    ...unknownMembers(lab, service.hosts, at),
    ...guests.map(({ name }) => {
      const message = `"${name}" is a guest; the node that carries it configures its network`
      return mistake('interfaces-of-a-guest', at, message, 'name nodes only')
    }),
  ]
}
