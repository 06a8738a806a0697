import { netId, type Group, type Offer, type PerHost, type Probe } from '../renderer.ts'
import { unitActive } from '../unit-active.ts'
import { endpoint, ports, type PrometheusSettings } from './settings.ts'

export type Daemon = 'server' | 'alertmanager'
type Role = Daemon | 'node-exporter'

const units = { server: 'prometheus.service', alertmanager: 'prometheus-alertmanager.service' } as const

/** A pool each of those that watch and of those that tell. Where there is one it may be away while it is changed: nobody lives by it. */
export function groups(all: PerHost<PrometheusSettings>): readonly Group[] {
  const daemons = (['alertmanager', 'server'] as const).flatMap((daemon): readonly Group[] => {
    const hosts = Object.entries(all).filter(([, mine]) => mine[daemon] !== null)
    if (hosts.length === 0) return []
    return [
      {
        id: `prometheus.${daemon}`,
        kind: 'pool',
        minimum: Math.min(1, hosts.length - 1),
        soakSeconds: 2,
        members: hosts.map(([host, mine]) => ({
          id: memberId(daemon, host),
          host,
          votes: 1,
          needs: [[netId(mine.network, host)]],
          provides: [],
          up: [unitActive(units[daemon], 10), answers(daemon, host, mine)],
        })),
        agree: [],
        offers: hosts.map(([host, mine]) => offer(daemon, host, mine)),
      },
    ]
  })
  return [...daemons, ...exporters(all)]
}

/**
 * Each needs the network that it listens in, so that it comes after what carries that. Any number may be away, and none is asked for: a host that
 * nobody watches for a while is no reason to stop.
 */
function exporters(all: PerHost<PrometheusSettings>): readonly Group[] {
  const members = Object.entries(all)
    .filter(([, { facts }]) => facts !== null)
    .map(([host, { network }]) => ({
      id: memberId('node-exporter', host),
      host,
      votes: 1,
      needs: [[netId(network, host)]],
      provides: [],
      up: [],
    }))
  if (members.length === 0) return []
  return [{ id: 'prometheus.node-exporter', kind: 'pool', minimum: 0, soakSeconds: 0, members, agree: [] }]
}

/** The id by which a daemon on a host is known to the groups. */
export function memberId(daemon: Role, host: string): string {
  return `prometheus.${daemon}@${host}`
}

/** It answers: Prometheus does not before it has read what it knew, nor with a configuration that it cannot read. */
export function answers(daemon: Daemon, host: string, { address }: PrometheusSettings): Probe {
  const url = `http://${endpoint(address, ports[daemon])}`
  return {
    title: `${daemon === 'server' ? 'Prometheus' : 'Alertmanager'}@${host} answers at ${url}`,
    run:
      daemon === 'server'
        ? ['promtool', 'query', 'instant', url, 'vector(1)']
        : ['amtool', `--alertmanager.url=${url}`, 'cluster', 'show'],
    exit: [0],
    // Prometheus may have days of samples to read.
    withinSeconds: 60,
  }
}

function offer(daemon: Daemon, host: string, { network, address }: PrometheusSettings): Offer {
  const name = daemon === 'server' ? 'Prometheus' : 'Alertmanager'
  return { kind: 'port', title: `${name} on ${host} (${address})`, network, address, port: ports[daemon] }
}
