/** The files of each part. In YAML every value is a quoted JSON string, which YAML reads as JSON does: no value can end it. */
import type { Effect, File, Place, SecretHole, Template } from '../renderer.ts'
import { template } from '../template.ts'
import alertmanagerYml from './alertmanager.yml.njk'
import { alertsOf, type Alert } from './alerts.ts'
import argumentsFile from './arguments.njk'
import asked from './asked.njk'
import factsService from './facts.service.njk'
import script from './facts.sh'
import factsTimer from './facts.timer.njk'
import { factLine, type Fact } from './facts.ts'
import * as paths from './paths.ts'
import prometheusYml from './prometheus.yml.njk'
import ruleTests from './rule-tests.njk'
import rules from './rules.njk'
import type { Rule } from './service.ts'
import type { Alertmanager, Job, Server } from './settings.ts'

/** A file from a template; readable by all. */
export function file(path: string, source: Template, values: object, from: readonly Place[], onChange: Effect): File {
  return { path, mode: '0644', owner: 'root:root', store: 'disk', text: template(source, values), from, onChange }
}

/** /etc/default/…: the arguments of a daemon of Debian's, read when it starts. */
export function argumentsOf(unit: string, words: readonly string[], from: readonly Place[], onChange: Effect): File {
  return file(`/etc/default/${unit}`, argumentsFile, { arguments: words }, from, onChange)
}

/** prometheus.yml, the rules and what they are tried with. */
export function serverFiles(server: Server, from: readonly Place[], reload: Effect, nothing: Effect): readonly File[] {
  const { lab, interval, alertmanagers } = server
  const alerts = alertsOf(server)
  const all = [...alerts, ...Object.entries(server.rules).map(([name, rule]) => ownAlert(name, rule))]
  const tests = alerts.flatMap(({ name, for: duration, severity, fires, holds }) => [
    {
      name: quoted(`${name} fires`),
      alert: quoted(name),
      at: after(duration),
      fires: true,
      series: seriesOf(fires.series),
      labels: mapped({ ...fires.labels, severity }),
      summary: quoted(fires.summary),
    },
    {
      name: quoted(`${name} holds`),
      alert: quoted(name),
      at: after(duration),
      fires: false,
      series: seriesOf(holds),
      labels: {},
      summary: '',
    },
  ])
  const config = {
    lab: quoted(lab),
    interval,
    rulesFile: quoted(paths.rulesFile),
    alertmanagers: alertmanagers.map(quoted),
    jobs: server.jobs.map(jobValues),
  }
  return [
    file(paths.configFile, prometheusYml, config, from, reload),
    file(paths.rulesFile, rules, { group: quoted(lab), alerts: all.map(alertValues) }, from, reload),
    file(paths.ruleTestsFile, ruleTests, { rulesFile: quoted(paths.rulesFile), tests }, from, nothing),
  ]
}

/** Read by the daemon's group only: it may hold a secret. */
export function alertmanagerConfig({ receiver }: Alertmanager, from: readonly Place[], reload: Effect): File {
  const none = { webhook: null, email: null }
  const values =
    receiver.kind === 'webhook'
      ? { ...none, webhook: { url: quoted(receiver.url), token: hole(receiver.token) } }
      : {
          ...none,
          email: {
            to: receiver.to.map(quoted),
            from: quoted(receiver.from),
            server: quoted(receiver.server),
            login:
              receiver.login === null
                ? null
                : { user: quoted(receiver.login.user), password: hole(receiver.login.password) },
          },
        }
  const text = file(paths.alertmanagerFile, alertmanagerYml, values, from, reload)
  return { ...text, mode: '0640', owner: 'root:prometheus' }
}

/** The script, what it is asked, and the timer that calls it. */
export function factFiles(
  facts: readonly Fact[],
  from: readonly Place[],
  restart: Effect,
  nothing: Effect,
): readonly File[] {
  const lines = facts.map((fact) => factLine(fact).join(' '))
  const { scriptFile } = paths
  const units = '/etc/systemd/system/quorate-facts'
  return [
    { path: scriptFile, mode: '0755', owner: 'root:root', store: 'disk', text: [script.text], from, onChange: nothing },
    file(paths.askedFile, asked, { lines }, from, nothing),
    file(`${units}.service`, factsService, { scriptFile }, from, restart),
    file(`${units}.timer`, factsTimer, {}, from, restart),
  ]
}

function quoted(text: string): string {
  return JSON.stringify(text)
}

function hole(secret: string | null): SecretHole | null {
  return secret === null ? null : { secret, kind: 'text', half: 'whole' }
}

function jobValues({ name, scheme, path, targets }: Job) {
  return {
    name: quoted(name),
    scheme: quoted(scheme),
    path: quoted(path),
    isSpecial: scheme !== 'http' || path !== '/metrics',
    targets: targets.map(({ address, host }) => ({
      address: quoted(address),
      host: host === null ? null : quoted(host),
    })),
  }
}

function ownAlert(name: string, rule: Rule): Alert {
  const { expr, summary, severity = 'warning' } = rule
  return { name, expr, for: rule.for ?? null, severity, summary }
}

function alertValues(alert: Alert) {
  return {
    name: quoted(alert.name),
    expr: quoted(alert.expr),
    for: alert.for === null ? null : quoted(alert.for),
    severity: quoted(alert.severity),
    summary: quoted(alert.summary),
  }
}

function seriesOf(series: Readonly<Record<string, string>>) {
  return Object.entries(series).map(([name, value]) => ({
    name: quoted(name),
    // For longer than any alert waits: of the same, or of what is counted up.
    values: quoted(`${value}x100`),
  }))
}

/** When a case is looked at: some minutes after the alert has waited. */
function after(duration: string): string {
  const number = Number.parseInt(duration, 10)
  return `${(duration.endsWith('h') ? 60 * number : number) + 10}m`
}

function mapped(labels: Readonly<Record<string, string>>) {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, quoted(value)]))
}
