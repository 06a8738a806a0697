/** The change on a twin, once for every fault: between two rollouts the hosts go back to the base, so that no fault hides another. */
import type { Fault } from './fault.ts'
import { heldByAll } from './held.ts'
import { rollOut, type Rolled } from './rolled.ts'
import { groupsOf, wholeMs, type Theatre } from './theatre.ts'
import { untilWhole } from './whole.ts'

export interface Round {
  readonly rolled: Rolled
  /** What was not well when it was over; null where all was. */
  readonly unwell: string | null
  /** When that was known: milliseconds since 1970. */
  readonly whole: number
  /** By host: "old", "new", or what is mixed. */
  readonly held: Readonly<Record<string, string>>
}

export interface Rounds {
  /** At least one, in the order of the faults. */
  readonly rounds: readonly Round[]
  /** Why there are no more, where faults are left; null where all had their turn. */
  readonly stopped: string | null
}

/** `bare`: nothing was deployed before, and there is at most one fault. `resume`: called for a machine that was switched on again. */
export async function roundsOf(
  theatre: Theatre,
  faults: readonly Fault[],
  bare: boolean,
  resume: (host: string) => void,
): Promise<Rounds> {
  const rounds = [await round(theatre, faults[0] ?? null, bare, resume)]
  for (const [index, fault] of faults.slice(1).entries()) {
    const why = rounds.at(-1)?.unwell ?? (await goBack(theatre))
    if (why !== null) {
      const left = faults.length - index - 1
      return { rounds, stopped: `${left} ${left === 1 ? 'fault' : 'faults'} had no turn: ${why}` }
    }
    rounds.push(await round(theatre, fault, bare, resume))
  }
  return { rounds, stopped: null }
}

async function round(
  theatre: Theatre,
  fault: Fault | null,
  bare: boolean,
  resume: (host: string) => void,
): Promise<Round> {
  const { twin, sides, groups } = theatre
  const rolled = await rollOut(theatre, fault, bare, resume)
  const unwell = await untilWhole(groups, twin.machine, wholeMs)
  const whole = Date.now()
  return { rolled, unwell, whole, held: await heldByAll(twin, sides) }
}

/** By an ordinary run, as a person would. Why it did not work; null where it did. */
async function goBack({ twin, sides, deploy, stage, event }: Theatre): Promise<string | null> {
  stage('going back to the base for the next fault')
  const outcome = await deploy(sides.before, { former: sides.after.rendering, adopt: false, without: [] }, event)
    .outcome
  if (outcome?.exit !== 0)
    return `the hosts cannot go back to the base: ${outcome?.failure?.what ?? 'the deployer ended without a word'}`
  const unwell = await untilWhole(groupsOf(sides.before.rendering), twin.machine, wholeMs)
  return unwell === null ? null : `the base is not whole again: ${unwell}`
}
