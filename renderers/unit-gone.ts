import type { Act } from './renderer.ts'

/** The unit is told to stop, and will not start at the next boot: for a part that leaves its host. */
export function unitGone(unit: string): readonly Act[] {
  return [
    { unit, do: 'stop' },
    { unit, do: 'disable' },
  ]
}
