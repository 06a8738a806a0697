/** What a person was told to do, and has done: the hosts themselves tell. */
import type { Rendering } from '../bundle/rendering.ts'
import { transitionOf } from '../rollout/transition.ts'
import { faultsOn } from './probe.ts'
import type { DeployRequest } from './request.ts'
import type { Session } from './session.ts'

/**
 * The services that somebody has brought as far by hand as their way from `before` to `after` asks for. Every host that holds the service, stays in the
 * lab and is not lost has to say so; where one does not answer it is not done. Nothing is written.
 */
export async function settledByHand(
  session: Session,
  before: Rendering,
  after: Rendering,
  { renderers, without }: Pick<DeployRequest, 'renderers' | 'without'>,
): Promise<readonly string[]> {
  const services = renderers.map(({ service }) => service)
  const asked = services.map(async (service) => {
    const way = transitionOf(before, after, service, renderers, without)
    if (way.kind !== 'by-hand') return []
    const has = ({ hosts }: Rendering, host: string) => hosts[host]?.services[service] !== undefined
    const hosts = Object.keys(before.hosts).filter(
      (host) => has(before, host) && has(after, host) && !without.includes(host),
    )
    const faults = await Promise.all(hosts.map((host) => faultsOn(host, session, [way.done])))
    return hosts.length > 0 && faults.every((each) => each.length === 0) ? [service] : []
  })
  return (await Promise.all(asked)).flat()
}
