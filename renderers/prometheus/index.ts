/** Prometheus: exporters on the hosts, servers with alerts that follow from the lab, and Alertmanager, which tells people. */
import {
  hostPlace,
  quiet,
  servicePlace,
  type Act,
  type Effect,
  type File,
  type Part,
  type Place,
  type Probe,
  type Renderer,
} from '../renderer.ts'
import { unitActive } from '../unit-active.ts'
import { unitDropIn } from '../unit-drop-in.ts'
import { unitGone } from '../unit-gone.ts'
import { alertmanagerConfig, argumentsOf, factFiles, serverFiles } from './files.ts'
import { answers, groups, memberId } from './groups.ts'
import * as paths from './paths.ts'
import { problems } from './problems.ts'
import schema from './schema.json' with { type: 'json' }
import { endpoint, ports, settings, type PrometheusSettings } from './settings.ts'

export const prometheus: Renderer<PrometheusSettings> = {
  service: 'prometheus',
  version: 1,
  schema,
  problems,
  settings,
  parts,
  groups,
  // Those that watch and those that are watched find each other at the next scrape, whoever changed first.
  transition: () => ({ kind: 'rolling' }),
}

const daemonReload: Act = { run: ['systemctl', 'daemon-reload'] }
const told: Effect = { acts: [daemonReload], interrupts: [], maxSeconds: 0 }

function parts(host: string, mine: PrometheusSettings): readonly Part[] {
  const from = [
    servicePlace('prometheus'),
    hostPlace({ name: host, kind: mine.kind }, 'addresses', mine.network),
  ] as const
  return [...serverPart(host, mine, from), ...alertmanagerPart(host, mine, from), ...exporterPart(host, mine, from)]
}

function serverPart(host: string, mine: PrometheusSettings, from: readonly Place[]): readonly Part[] {
  const { server, address } = mine
  if (server === null) return []
  const unit = 'prometheus.service'
  const words = [
    `--web.listen-address=${endpoint(address, ports.server)}`,
    `--storage.tsdb.retention.time=${server.retention}`,
  ]
  return [
    {
      id: 'prometheus.server',
      layer: 1,
      reach: 'host',
      files: [
        argumentsOf('prometheus', words, from, restarted(unit, [memberId('server', host)], 60)),
        ...serverFiles(server, from, reloaded(unit), quiet),
        waiting(unit, mine, from),
      ],
      onRemove: { acts: unitGone(unit), interrupts: [memberId('server', host)], maxSeconds: 20 },
      needs: { packages: { prometheus: '/usr/bin/prometheus' }, directories: ['/etc/prometheus'] },
      check: [
        checked(`promtool accepts ${paths.configFile}`, ['promtool', 'check', 'config', paths.configFile]),
        // Without --lint-fatal a rule that is there twice is said to fail, and the exit code is 0.
        checked(`promtool accepts ${paths.rulesFile}`, ['promtool', 'check', 'rules', '--lint-fatal', paths.rulesFile]),
        checked('every alert fires when it has to, and only then', ['promtool', 'test', 'rules', paths.ruleTestsFile]),
      ],
      probe: [unitActive(unit, 10), answers('server', host, mine)],
    },
  ]
}

function alertmanagerPart(host: string, mine: PrometheusSettings, from: readonly Place[]): readonly Part[] {
  const { alertmanager, address } = mine
  if (alertmanager === null) return []
  const unit = 'prometheus-alertmanager.service'
  const mesh = alertmanager.peers.length === 0 ? '' : endpoint(address, ports.mesh)
  const words = [
    `--web.listen-address=${endpoint(address, ports.alertmanager)}`,
    `--cluster.listen-address=${mesh}`,
    ...alertmanager.peers.map((peer) => `--cluster.peer=${peer}`),
  ]
  return [
    {
      id: 'prometheus.alertmanager',
      layer: 1,
      reach: 'host',
      files: [
        argumentsOf('prometheus-alertmanager', words, from, restarted(unit, [memberId('alertmanager', host)], 20)),
        alertmanagerConfig(alertmanager, from, reloaded(unit)),
        waiting(unit, mine, from),
      ],
      onRemove: { acts: unitGone(unit), interrupts: [memberId('alertmanager', host)], maxSeconds: 20 },
      needs: {
        packages: { 'prometheus-alertmanager': '/usr/bin/prometheus-alertmanager' },
        directories: ['/etc/prometheus'],
      },
      check: [checked(`amtool accepts ${paths.alertmanagerFile}`, ['amtool', 'check-config', paths.alertmanagerFile])],
      probe: [unitActive(unit, 10), answers('alertmanager', host, mine)],
    },
  ]
}

function exporterPart(host: string, mine: PrometheusSettings, from: readonly Place[]): readonly Part[] {
  const { facts, address } = mine
  if (facts === null) return []
  const unit = 'prometheus-node-exporter.service'
  const timer = 'quorate-facts.timer'
  const id = memberId('node-exporter', host)
  const words = [
    `--web.listen-address=${endpoint(address, ports.exporter)}`,
    `--collector.textfile.directory=${paths.textfileFolder}`,
  ]
  return [
    {
      id: 'prometheus.node-exporter',
      layer: 1,
      reach: 'host',
      files: [
        argumentsOf('prometheus-node-exporter', words, from, restarted(unit, [id], 5)),
        waiting(unit, mine, from),
        ...factFiles(facts, from, restarted(timer, [], 0), quiet),
      ],
      onRemove: { acts: [...unitGone(unit), ...unitGone(timer)], interrupts: [id], maxSeconds: 5 },
      needs: {
        packages: {
          'prometheus-node-exporter': '/usr/bin/prometheus-node-exporter',
          ...(facts.some(({ kind }) => kind === 'peer') ? { 'iputils-ping': '/usr/bin/ping' } : {}),
        },
        directories: [paths.textfileFolder],
      },
      // node exporter has no checker of its arguments; a wrong one ends it, which the probe finds.
      check: [],
      probe: [unitActive(unit, 10), listens(address), unitActive(timer, 10), fresh],
    },
  ]
}

/** What the unit waits for at boot: it would fail for want of its address. */
function waiting(unit: string, mine: PrometheusSettings, from: readonly Place[]): File {
  const interfaces = mine.interface === null ? [] : [mine.interface]
  return unitDropIn({ unit, after: ['networking.service'], interfaces, startPost: null, stopPost: null }, from, told)
}

/** Arguments are read at the start only. */
function restarted(unit: string, interrupts: readonly string[], maxSeconds: number): Effect {
  return { acts: [daemonReload, { unit, do: 'enable' }, { unit, do: 'restart' }], interrupts, maxSeconds }
}

/** SIGHUP: a file that it cannot read leaves the old configuration in force; the checker has seen it before. */
function reloaded(unit: string): Effect {
  const acts: readonly Act[] = [
    { unit, do: 'enable' },
    { unit, do: 'start' },
    { unit, do: 'reload' },
  ]
  return { acts: [daemonReload, ...acts], interrupts: [], maxSeconds: 1 }
}

function checked(title: string, run: readonly string[]): Probe {
  return { title, run, exit: [0], stderrNot: 'FAILED|error|warn|unknown', withinSeconds: 0 }
}

/** As ss prints it: an IPv6 address in brackets. */
function listens(address: string): Probe {
  const at = endpoint(address, ports.exporter)
  return {
    title: `node exporter listens at ${at}`,
    run: ['ss', '-Hltn', `sport = :${ports.exporter}`],
    exit: [0],
    stdout: String.raw`\s${at.replaceAll(/[.[\]]/g, String.raw`\$&`)}\s`,
    withinSeconds: 10,
  }
}

const fresh: Probe = {
  title: `${paths.factsFile} is written every half minute`,
  run: ['find', paths.textfileFolder, '-name', 'quorate.prom', '-newermt', '2 minutes ago'],
  exit: [0],
  stdout: String.raw`quorate\.prom$`,
  withinSeconds: 90,
}
