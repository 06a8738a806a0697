/** Holes on their way through a template: printed between sentinels, and found again in the output. */
import type { SecretHole, SerialHole, Text } from './renderer.ts'

export type Hole = SecretHole | SerialHole

/** Private-use characters, so that what stands between them is found again in the output. */
const open = '\ue000'
const close = '\ue001'
/** A template or a value with one of these could fake a hole. */
export const sentinels = /[\ue000\ue001]/
/** Whether a value is a hole. */
export function isHole(value: unknown): value is Hole {
  return (
    typeof value === 'object' && value !== null && (Object.hasOwn(value, 'secret') || Object.hasOwn(value, 'serial'))
  )
}

/** What stands for a hole in the output of a template; the same for the same hole. */
export function seal(hole: Hole): string {
  const plain = 'serial' in hole ? { serial: hole.serial } : { secret: hole.secret, kind: hole.kind, half: hole.half }
  return `${open}${JSON.stringify(plain)}${close}`
}

/** A hole, in words. */
export function holeName(hole: Hole): string {
  return 'serial' in hole ? `the serial "${hole.serial}"` : `the secret "${hole.secret}" (${hole.half})`
}

/** Values that were searched before and hold none: a lab is given to every template of every host. */
const withoutHoles = new WeakSet<object>()

/** Every hole anywhere in a value. */
export function holesIn(value: unknown): readonly Hole[] {
  if (typeof value !== 'object' || value === null || withoutHoles.has(value)) return []
  if (isHole(value)) return [value]
  const found = Object.values(value).flatMap(holesIn)
  if (found.length === 0) withoutHoles.add(value)
  return found
}

/** A template's output in segments; null where a hole was cut. */
export function segmentsOf(output: string): Text | null {
  const text: (string | Hole)[] = []
  for (const [index, piece] of output.split(open).entries()) {
    const [inside, after, ...more] = index === 0 ? ['', piece] : piece.split(close)
    if (inside === undefined || after === undefined || more.length > 0) return null
    if (index > 0) text.push(JSON.parse(inside) as Hole)
    if (after !== '') text.push(after)
  }
  return text
}
