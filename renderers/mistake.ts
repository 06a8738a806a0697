/** Findings, in short. */
import type { Place } from './lab.ts'
import type { Finding } from './renderer.ts'

/** An error at a value; the usual kind of finding. */
export function mistake(rule: string, at: Place, message: string, help: string): Finding {
  return { rule, severity: 'error', at, message, help }
}

/** An error at a key. */
export function mistakenKey(rule: string, at: Place, message: string, help: string): Finding {
  return { ...mistake(rule, at, message, help), onKey: true }
}

/** A warning at a value: it stops nothing. */
export function doubt(rule: string, at: Place, message: string, help: string): Finding {
  return { ...mistake(rule, at, message, help), severity: 'warning' }
}
