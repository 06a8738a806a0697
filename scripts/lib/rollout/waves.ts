/** Steps in order → waves: each goes into the first wave after everything that it clashes with. */
import { alone, type Claims } from './claims.ts'

/** The wave of each step, from 0, in the order given. No step could stand earlier, so no two neighbouring waves could be one. */
export function waves(steps: readonly Claims[]): readonly number[] {
  const latest = new Map<string, Map<string, number>>()
  return steps.map((claims) => {
    const after = [...claims].flatMap(([key, company]) => clashing(latest.get(key), company))
    const wave = after.reduce((most, each) => Math.max(most, each), -1) + 1
    for (const [key, company] of claims) {
      const known = latest.get(key) ?? new Map<string, number>()
      known.set(company, Math.max(known.get(company) ?? 0, wave))
      latest.set(key, known)
    }
    return wave
  })
}

/** The latest wave, by company, of steps that a claim clashes with. */
function clashing(known: ReadonlyMap<string, number> | undefined, company: string): readonly number[] {
  if (known === undefined) return []
  return [...known]
    .filter(([other]) => company === alone || other === alone || other !== company)
    .map(([, wave]) => wave)
}
