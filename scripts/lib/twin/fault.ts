/** What goes wrong in a rehearsal on purpose, and when. */
import type { Phase } from '../deployment/event.ts'
import { FailureError } from '../failure.ts'
import type { UnitFault } from './unit-fault.ts'

export const faultNames = [
  'config-refused',
  'deployer-killed',
  'disk-full',
  'node-frozen',
  'node-killed',
  'node-rebooted',
  'unit-dies',
  'wan-cut',
] as const

const phases = [
  'staged',
  'validated',
  'gated',
  'armed',
  'activated',
  'probed',
  'confirmed',
] as const satisfies readonly Phase[]

/** Those in which a unit must not have been told anything yet when the fault is laid: arming and telling are one after the other. */
const beforeUnits = ['staged', 'validated', 'gated'] as const satisfies readonly Phase[]

export interface Fault {
  readonly name: (typeof faultNames)[number]
  /** Null: the host that the step writes on first. */
  readonly host: string | null
  readonly step: number
  readonly phase: Phase
}

/**
 * "NAME", "NAME:HOST", "NAME@STEP", "NAME:HOST@STEP.PHASE". Without a step: the first; without a phase: once it is armed, or for a fault of
 * a unit once it is gated.
 */
export function readFault(text: string, nodes: readonly string[]): Fault {
  const [, name = '', host, step, phase] = /^([a-z-]+)(?::([^@]+))?(?:@(\d+)(?:\.([a-z]+))?)?$/.exec(text) ?? []
  const known = faultNames.find((each) => each === name)
  if (known === undefined)
    throw wrong(text, `there is no fault "${name || text}"`, `name one of: ${faultNames.join(', ')}`)
  const when = phases.find((each) => each === (phase ?? (ofUnit(known) ? 'gated' : 'armed')))
  if (when === undefined) throw wrong(text, `a step has no phase "${phase}"`, `name one of: ${phases.join(', ')}`)
  if (ofUnit(known) && !beforeUnits.some((each) => each === when)) {
    const why = `${known} has to be laid before the step is armed, and "${when}" is too late`
    throw wrong(text, why, `name one of: ${beforeUnits.join(', ')}`)
  }
  if (host !== undefined && !nodes.includes(host))
    throw wrong(text, `"${host}" is no node`, `name one of: ${nodes.join(', ')}`)
  return { name: known, host: host ?? null, step: Number(step ?? 1), phase: when }
}

/** Whether it goes wrong with the unit that a step tells. */
export function ofUnit(name: Fault['name']): name is UnitFault {
  return name === 'config-refused' || name === 'unit-dies'
}

export function faultText({ name, host, step, phase }: Fault): string {
  return `${name}${host === null ? '' : ` of ${host}`} at step ${step}, ${phase}`
}

function wrong(text: string, why: string, next: string): FailureError {
  return new FailureError({ what: `${why} (${text})`, where: '--fault', now: 'nothing was built', next }, 2)
}
