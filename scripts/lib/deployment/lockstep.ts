/**
 * A step whose hosts change in turn, as old and new do not understand each other: the others are stopped while one changes, or get what it needs
 * before it does.
 */
import { FailureError } from '../failure.ts'
import type { Lockstep } from '../rollout/rollout.ts'
import { allOf } from './all-of.ts'
import { confirm } from './confirm.ts'
import type { Stage } from './stage.ts'
import type { Job, Tools } from './step.ts'

/** Who changes before the others or after them, and the others. What that one ends as decides for all. */
export interface Turn {
  readonly chief: Stage
  readonly others: readonly Stage[]
  readonly isLast: boolean
}

/** Where nothing is written on the host in charge, the last one decides. */
export function turnOf({ stages }: Job, { inCharge, isLast = false }: Lockstep): Turn {
  const chief = stages.find(({ host }) => host === inCharge) ?? stages.at(-1)
  if (chief === undefined) throw new Error('a step that writes nothing has nobody who goes first')
  return { chief, others: stages.filter((stage) => stage !== chief), isLast }
}

/**
 * With nobody there to help, each host goes back by its own timer. So the timers must not be further apart than old and new bear each other.
 * Throws a FailureError where they are; then nothing is in place yet.
 */
export async function armTogether(
  { clock }: Tools,
  { apartSeconds }: Lockstep,
  arm: () => Promise<void>,
): Promise<void> {
  const began = clock.now()
  await arm()
  const took = (clock.now() - began) / 1000
  const most = apartSeconds + ((clock.pace ?? 1) - 1) * 0.8
  if (took <= most) return
  throw new FailureError(
    {
      what: `the hosts were armed ${took.toFixed(1)} s apart, and taken back by their timers they must not be more than ${most} s apart`,
      where: 'arming',
      now: 'nothing was put in place',
      next: 'see why the connections are slow, and run again',
    },
    3,
  )
}

/** Throws where a connection breaks: what a host did is not known then, and nobody may go on. */
export async function activateInTurn(
  { session }: Tools,
  { chief, others, isLast }: Turn,
  seconds: number,
): Promise<void> {
  const call = (verb: string, { host, generation }: Stage) =>
    session.write(host, verb, [generation], [], seconds * 1000)
  const first = [chief, ...others].filter(({ inTurn }) => (inTurn?.first.length ?? 0) > 0)
  await allOf(first, (stage) => call('begin', stage))
  for (const stages of isLast ? [others, [chief]] : [[chief], others]) {
    await allOf(stages, (stage) => call('activate', stage))
  }
}

/**
 * The others are prepared: they wait for what the chief does, and without its word their units are stopped. Its confirmation is the
 * step's: whoever comes after a run that was killed finds it or does not, and brings the others to the same.
 */
export async function confirmInTurn(tools: Tools, { chief, others }: Turn): Promise<void> {
  const { session } = tools
  await allOf(others, ({ host, generation }) => session.write(host, 'prepare', [generation], [], 30_000))
  await confirm(tools, chief)
  await allOf(others, (stage) =>
    confirm(tools, stage).catch((error: unknown) => {
      if (!(error instanceof FailureError)) throw error
      session.renew(stage.host)
      return confirm(tools, stage)
    }),
  )
}
