/** A deployment as a person follows it: a line per happening while it runs, and how it ended. */
import { editText } from './edit-text.ts'
import { harmless } from '../definition/shown.ts'
import type { Event, Phase } from '../deployment/event.ts'
import type { Outcome } from '../deployment/outcome.ts'

export interface DeploymentLines {
  /** The lines of an event, each with its newline; empty while several phases are gathered into one line. */
  lines(event: Event): string
  /** What is still held back, and the end of an open group. */
  close(): string
}

export interface DeploymentTextOptions {
  /** Milliseconds since 1970, of the moment that is printed. */
  now(): number
  /** GitHub's foldable groups around what belongs together. */
  readonly groups: boolean
}

/** The phase after which a step's line is printed. */
const lineEnds: readonly Phase[] = ['armed', 'confirmed']

/** Lines with the time (UTC), who it concerns, and what happened. */
export function deploymentLines({ now, groups }: DeploymentTextOptions): DeploymentLines {
  const gathered = new Map<string, string[]>()
  let open = false
  const line = (who: string, what: string) => `${clock(now())}  ${who.padEnd(9)} ${harmless(what)}\n`
  const group = (title: string) => {
    if (!groups) return ''
    const start = `${open ? '::endgroup::\n' : ''}::group::${title}\n`
    open = true
    return start
  }
  const flush = (step: number, steps: number, hosts: readonly string[]) => {
    const key = `${step}`
    const phases = gathered.get(key)
    gathered.delete(key)
    return phases === undefined ? '' : line(names(hosts), `${step}/${steps} ${phases.join(' · ')}`)
  }
  return {
    lines(event) {
      switch (event.kind) {
        case 'lease':
          return line(
            'lease',
            `held on ${event.hosts.join(' ')}, fence ${event.fence}, until ${clock(now() + event.seconds * 1000).slice(0, 5)}`,
          )
        case 'inspected':
          return line('inspect', inspected(event))
        case 'recovered':
          return line(event.host, event.detail)
        case 'planned':
          return event.steps === 0 ? '' : group(`rollout ${event.rollout.digest.slice(0, 8)}, ${event.steps} steps`)
        case 'phase': {
          const key = `${event.step}`
          gathered.set(key, [...(gathered.get(key) ?? []), phase(event.phase, event.detail, event.takingBack)])
          return lineEnds.includes(event.phase) ? flush(event.step, event.steps, event.hosts) : ''
        }
        case 'failed': {
          const before = flush(event.step, event.steps, event.hosts)
          return `${before}${line(names(event.hosts), `${event.step}/${event.steps} failed: ${event.why}`)}`
        }
        case 'reverted':
          return line(event.host, `${event.step}/${event.steps} ${event.detail}`)
        case 'kept':
          return line(event.host, `what stood in ${event.path} is kept there in ${event.at}`)
        case 'ha':
          return line('ha', `${event.step}/${event.steps} ${event.detail}`)
        case 'waiting':
          return line('', event.detail)
        case 'done':
          return line('done', event.detail)
      }
    },
    close() {
      const end = open ? '::endgroup::\n' : ''
      open = false
      return end
    },
  }
}

/** How a deployment ended: per host, and for a failure what happened, what stands where and what to do. */
export function outcomeText(outcome: Outcome, apply: boolean): string {
  const hosts = Object.entries(outcome.hosts)
  const width = Math.max(0, ...hosts.map(([host]) => host.length))
  const rows = hosts.map(
    ([host, { outcome: end, detail }]) => `  ${host.padEnd(width)}  ${end.padEnd(9)}  ${harmless(detail)}\n`,
  )
  if (outcome.failure === null) return `${apply ? summary(outcome) : dryRun(outcome)}\n${rows.join('')}`
  const { what, where, now, next } = outcome.failure
  return [
    `error: ${heading(outcome)} (exit ${outcome.exit})\n`,
    `  why   ${harmless(what)}\n`,
    `  where ${harmless(where)}\n`,
    `  now   ${harmless(now)}\n`,
    ...(outcome.logs ?? []).map((log, index) => `  ${index === 0 ? 'logs ' : '     '} ${harmless(log)}\n`),
    `  next  ${harmless(next)}\n`,
    ...rows,
    ...(outcome.edits ?? []).map(editText),
  ].join('')
}

/** What became of a deployment that did not go through. */
export function heading({ exit, steps, held }: Outcome): string {
  if (held !== undefined) return 'held: the deployment before is not over'
  const undone = steps.filter(({ outcome }) => outcome === 'reverted').length
  if (exit === 3 && undone > 0) return 'rolled back: everything this run had changed is as before'
  if (exit === 5) return 'somebody else is deploying'
  if (exit === 4) return 'stopped: a person has to look at this'
  return 'not deployed'
}

/** "3 applied, 1 unchanged" */
export function summary({ hosts }: Outcome): string {
  const ends = Object.values(hosts).map(({ outcome }) => outcome)
  const counts = (['applied', 'unchanged', 'reverted', 'unknown'] as const).flatMap((end) => {
    const count = ends.filter((each) => each === end).length
    return count === 0 ? [] : [`${count} ${end}`]
  })
  return counts.join(', ')
}

function dryRun({ steps }: Outcome): string {
  if (steps.length === 0) return 'nothing to do: every host is as the definition says'
  return `${steps.length} ${steps.length === 1 ? 'step' : 'steps'} would be carried out; nothing was changed (do it with --apply)`
}

function inspected({ hosts, away, drifted }: Extract<Event, { readonly kind: 'inspected' }>): string {
  const count = `${hosts.length} ${hosts.length === 1 ? 'host' : 'hosts'}`
  const gone = away.length === 0 ? '' : ` · no answer from ${away.join(' ')}`
  const drift = drifted === 0 ? 'no drift' : `${drifted} ${drifted === 1 ? 'file' : 'files'} changed on the hosts`
  return `${count}${gone} · ${drift}`
}

function phase(name: Phase, detail: string, takingBack: boolean): string {
  switch (name) {
    case 'staged':
      return `${takingBack ? 'taking back: ' : ''}staged ${detail}`
    case 'validated':
      return detail
    case 'gated':
      return `gate ok (${detail})`
    case 'armed':
      return `revert armed, ${detail}`
    case 'activated':
      return detail
    case 'probed':
      return detail
    case 'confirmed':
      return takingBack ? 'taken back' : 'confirmed'
  }
}

/** A wave of a hundred hosts is not a hundred names. */
function names(hosts: readonly string[]): string {
  return hosts.length <= 4 ? hosts.join(' ') : `${hosts.slice(0, 3).join(' ')} and ${hosts.length - 3} more`
}

function clock(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19)
}
