/** What a rehearsal only plays, and what it leaves out. Pure. */
import type { Group } from '../../../renderers/renderer.ts'
import type { RehearsalRequest } from './request.ts'
import { unaskable, type Sampled } from './sampling.ts'

/** What is no more than a stand-in. */
export function standIns({ before, after }: RehearsalRequest): readonly string[] {
  const hosts = Object.values({ ...before.hosts, ...after.hosts })
  const proxmox = hosts
    .filter(({ kind, platform }) => kind === 'node' && platform === 'proxmox')
    .map(({ host }) => host)
  return [
    ...(proxmox.length === 0 ? [] : [`the cluster file system (/etc/pve) of ${proxmox.join(', ')}`]),
    'every secret: its value is made up',
  ]
}

/** What nobody can say after this rehearsal. */
export function notRehearsed(
  request: RehearsalRequest,
  groups: readonly Group[],
  { series }: Sampled,
  began: number,
  isBare: boolean,
): readonly string[] {
  const platforms = Object.values(request.after.hosts)
  const silent = series.filter(
    ({ kind, samples }) => kind === 'offer' && !samples.some(({ well, at }) => well && at >= began),
  )
  return [
    ...(platforms.some(({ platform }) => platform === 'proxmox')
      ? ['Proxmox VE itself: HA and its watchdog, the web interface, the firewall']
      : []),
    ...(isBare ? ['what users notice: nothing ran before this rollout'] : []),
    ...unaskable(groups, request.wiring).map(
      ({ title }) => `${title}: nobody in the twin stands where it could be asked for`,
    ),
    ...silent.map(({ id }) => `${id}: it never answered`),
    'delay and loss of the links between the servers',
  ]
}
