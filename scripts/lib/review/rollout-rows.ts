/** A rollout's steps as a reader sees them: steps of a wave that do the same on several hosts are one row. */
import type { Act } from '../../../renderers/renderer.ts'
import type { Change } from '../bundle/change.ts'
import { harmless } from '../definition/shown.ts'
import { hostOf } from '../rollout/interruption.ts'
import type { Lockstep, Rollout, Step, Write } from '../rollout/rollout.ts'

/** Keeps a number with its unit; the table prints a blank. */
export const noBreak = '\u00a0'

/** How many lines of a file differ; null where that is not known. */
export type Lines = (change: Change) => number | null

export interface Row {
  /** From 1. */
  readonly wave: number
  /** At least one; more where all of them say the same. */
  readonly steps: readonly Step[]
  readonly part: string
  readonly hosts: readonly string[]
  /** "keepalived/keepalived.conf ~2 lines": below /etc without it. */
  readonly changes: readonly string[]
  /** "reload keepalived". */
  readonly acts: readonly string[]
  /** "pve2: corosync, interfaces ≤ 5 s". */
  readonly interrupts: readonly string[]
}

export function rolloutRows(rollout: Rollout, lines: Lines): readonly Row[] {
  return rollout.waves.flatMap((wave, index) => {
    const rows = new Map<string, Row>()
    for (const step of wave) {
      const row = rowOf(step, index + 1, lines)
      const key = sameness(step, row)
      const known = rows.get(key)
      rows.set(key, known === undefined ? row : joined(known, row))
    }
    return [...rows.values()]
  })
}

/** "pve1, pve2, pve3"; "12 hosts" where they are many. */
export function hostList(hosts: readonly string[]): string {
  const names = hosts.join(', ')
  return hosts.length > 1 && names.length > 24 ? `${hosts.length} hosts` : names
}

function rowOf(step: Step, wave: number, lines: Lines): Row {
  return {
    wave,
    steps: [step],
    part: step.part,
    hosts: step.writes.map((write) => write.host),
    changes: unique(step.writes.flatMap((write) => write.changes.map((change) => changeText(change, lines)))),
    acts: step.lockstep === undefined ? unique(step.writes.flatMap(actsText)) : inTurn(step, step.lockstep),
    interrupts: interruptsOf(step),
  }
}

/** Steps that take members from a group are told one by one. */
function sameness(step: Step, row: Row): string {
  const isQuiet = step.interrupts.length === 0 && step.groups.every((group) => group.during === group.before)
  return JSON.stringify([step.part, row.changes, row.acts, isQuiet ? '' : step.id])
}

function joined(row: Row, more: Row): Row {
  return { ...row, steps: [...row.steps, ...more.steps], hosts: [...row.hosts, ...more.hosts] }
}

function changeText(change: Change, lines: Lines): string {
  const path = harmless(change.path.replace(/^\/etc\//, ''))
  if (change.kind !== 'changed') return `${path} ${change.kind}`
  const count = lines(change)
  return count === null || count === 0 ? `${path} changed` : `${path} ~${count} ${count === 1 ? 'line' : 'lines'}`
}

/** "stop keepalived on pve2, pve3", "reload keepalived on pve1", "start keepalived on pve2, pve3" */
function inTurn({ writes }: Step, { inCharge, isLast = false, stop }: Lockstep): readonly string[] {
  const phases = [
    Object.entries(stop).flatMap(([host, acts]) => acts.map((act) => ({ host, told: actText(act) }))),
    ...[!isLast, isLast].map((isChief) =>
      writes
        .filter(({ host }) => (host === inCharge) === isChief)
        .flatMap((write) => actsText(write).map((told) => ({ host: write.host, told }))),
    ),
  ]
  return phases.flatMap((phase) =>
    unique(phase.map(({ told }) => told)).map((told) => {
      const hosts = phase.flatMap((each) => (each.told === told ? [each.host] : []))
      return `${told} on ${hostList(hosts)}`
    }),
  )
}

/** What a reader wants to know of it: what the units are told. That systemd reads its files again and that a unit is enabled goes without saying. */
function actsText({ acts, changes }: Write): readonly string[] {
  const isFirst = changes.every((change) => change.kind === 'new')
  const told = (unit: string, ...what: readonly string[]) =>
    acts.some((act) => 'unit' in act && act.unit === unit && what.includes(act.do))
  const shown = acts.filter((act) => {
    if (!('unit' in act)) return act.run.join(' ') !== 'systemctl daemon-reload'
    if (act.do === 'enable') return !told(act.unit, 'start', 'reload', 'restart')
    if (act.do === 'start') return isFirst || !told(act.unit, 'reload')
    return act.do !== 'reload' || !isFirst || !told(act.unit, 'start')
  })
  return shown.map(actText)
}

function actText(act: Act): string {
  return 'unit' in act ? `${act.do} ${harmless(act.unit.replace(/\.service$/, ''))}` : harmless(act.run.join(' '))
}

/** Members by host. What they provide (net:…) goes with them and is named only where no member is. */
function interruptsOf(step: Step): readonly string[] {
  const members = step.interrupts.filter((id) => !id.includes(':'))
  const named = members.length > 0 ? members : step.interrupts
  const hosts = unique(named.map(hostOf))
  return hosts.map((host, index) => {
    const own = named
      .filter((id) => hostOf(id) === host)
      .map((id) => harmless(host === '' ? id : id.slice(0, -host.length - 1)))
    const bound = index === 0 && step.maxSeconds > 0 ? ` ≤${noBreak}${step.maxSeconds}${noBreak}s` : ''
    return `${host === '' ? '' : `${host}: `}${own.join(', ')}${bound}`
  })
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)]
}
