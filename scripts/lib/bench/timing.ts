/** Times as relations: what is compared is run in turn, so that whatever else the machine does falls on all alike. */

export interface Timed {
  /** Milliseconds. */
  readonly median: number
  readonly fastest: number
  readonly slowest: number
}

/** Runs all of them `runs` times, one after the other in turn. A first round is not counted: it fills caches. */
export async function interleaved<Name extends string>(
  works: Readonly<Record<Name, () => Promise<void>>>,
  runs: number,
): Promise<Readonly<Record<Name, Timed>>> {
  const names = Object.keys(works) as Name[]
  const times = new Map<Name, number[]>(names.map((name) => [name, []]))
  for (let run = 0; run <= runs; run += 1) {
    for (const name of names) {
      const begun = performance.now()
      await works[name]()
      if (run > 0) times.get(name)?.push(performance.now() - begun)
    }
  }
  return Object.fromEntries(names.map((name) => [name, timed(times.get(name) ?? [])])) as Record<Name, Timed>
}

/** Of at least one time. */
export function timed(times: readonly number[]): Timed {
  const sorted = times.toSorted((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  const upper = sorted[half] ?? 0
  const median = sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? upper)) / 2
  return { median, fastest: sorted[0] ?? 0, slowest: sorted.at(-1) ?? 0 }
}
