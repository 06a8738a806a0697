/** What a rehearsal only plays, and what it leaves out. Pure. */
import type { Group, Line } from '../../../renderers/renderer.ts'
import type { RehearsalRequest } from './request.ts'
import { unaskable, type Sampled } from './sampling.ts'
import type { Wiring } from './wiring.ts'

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

/** What nobody can say after this rehearsal. `refused`: by node, why its line is not as slow and lossy as the lab says. */
export function notRehearsed(
  request: RehearsalRequest,
  groups: readonly Group[],
  { series }: Sampled,
  began: number,
  isBare: boolean,
  refused: ReadonlyMap<string, string>,
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
    ...linesNotRehearsed(request.wiring, refused),
  ]
}

/** Lines of servers that were faster here than in the lab, or of which the lab says nothing. */
function linesNotRehearsed({ nodes }: Wiring, refused: ReadonlyMap<string, string>): readonly string[] {
  const unknown = nodes.filter(({ cables }) => cables.every(({ line }) => line === null)).map(({ name }) => name)
  const known = nodes.filter(({ name }) => refused.has(name))
  const figures = known.map(
    ({ name, cables }) =>
      `${name} ${cables
        .flatMap(({ line }) => line ?? [])
        .map(lineText)
        .join(', ')}`,
  )
  return [
    ...(unknown.length === 0
      ? []
      : [`delay and loss of the lines of ${unknown.join(', ')}: the lab does not name them ("line:" beside "port:")`]),
    ...(known.length === 0
      ? []
      : [
          `delay and loss of the lines (${figures.join('; ')}; each way): this machine's kernel does not do that (${[...new Set(refused.values())].join('; ')})`,
        ]),
  ]
}

function lineText({ latencyMs, lossPercent }: Line): string {
  return `${latencyMs} ms and ${lossPercent} % lost`
}
