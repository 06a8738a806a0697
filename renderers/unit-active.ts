import type { Probe } from './renderer.ts'

/** The unit runs, while it reads its files again too. Says nothing about whether it does its work: ask that besides. */
export function unitActive(unit: string, withinSeconds: number): Probe {
  return {
    title: `${unit} is active`,
    run: ['systemctl', 'is-active', unit],
    exit: [0],
    stdout: '^(?:active|reloading)$',
    withinSeconds,
  }
}
