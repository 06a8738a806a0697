/** Chance that can be repeated: the same seed throws the same numbers on every machine. */

export interface Dice {
  /** A whole number from 0 up to, not including, `sides`. */
  below(sides: number): number
  /** True `times` out of `of`. */
  chance(times: number, of: number): boolean
  pick<T>(items: readonly T[]): T
}

/** Mulberry32, by Tommy Ettinger (public domain). */
export function diceOf(seed: number): Dice {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  const below = (sides: number) => next() % sides
  return {
    below,
    chance: (times, of) => below(of) < times,
    pick: <T>(items: readonly T[]) => items[below(items.length)] as T,
  }
}
