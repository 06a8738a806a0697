/** What goes wrong in a rehearsal on purpose, and when. */
import type { Phase } from '../deployment/event.ts'
import { FailureError } from '../failure.ts'

export const faultNames = [
  'deployer-killed',
  'disk-full',
  'node-frozen',
  'node-killed',
  'node-rebooted',
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

export interface Fault {
  readonly name: (typeof faultNames)[number]
  /** Null: the host that the step writes on first. */
  readonly host: string | null
  readonly step: number
  readonly phase: Phase
}

/** "NAME", "NAME:HOST", "NAME@STEP", "NAME:HOST@STEP.PHASE". Without a step: the first; without a phase: once it is armed. */
export function readFault(text: string, nodes: readonly string[]): Fault {
  const [, name = '', host, step, phase = 'armed'] =
    /^([a-z-]+)(?::([^@]+))?(?:@(\d+)(?:\.([a-z]+))?)?$/.exec(text) ?? []
  const known = faultNames.find((each) => each === name)
  const when = phases.find((each) => each === phase)
  if (known === undefined)
    throw wrong(text, `there is no fault "${name || text}"`, `name one of: ${faultNames.join(', ')}`)
  if (when === undefined) throw wrong(text, `a step has no phase "${phase}"`, `name one of: ${phases.join(', ')}`)
  if (host !== undefined && !nodes.includes(host))
    throw wrong(text, `"${host}" is no node`, `name one of: ${nodes.join(', ')}`)
  return { name: known, host: host ?? null, step: Number(step ?? 1), phase: when }
}

export function faultText({ name, host, step, phase }: Fault): string {
  return `${name}${host === null ? '' : ` of ${host}`} at step ${step}, ${phase}`
}

function wrong(text: string, why: string, next: string): FailureError {
  return new FailureError({ what: `${why} (${text})`, where: '--fault', now: 'nothing was built', next }, 2)
}
