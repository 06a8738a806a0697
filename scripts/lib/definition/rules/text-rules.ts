/** Text that ends up in configuration files stays on its line. */
import type { Finding } from '../../../../renderers/renderer.ts'
import { mistake, mistakenKey } from '../../../../renderers/mistake.ts'
import { shown } from '../shown.ts'

// Control characters, line and paragraph separators, and the private-use characters that mark holes while a file is rendered.
const unwanted = /[\p{Cc}\p{Co}\p{Cs}\u2028\u2029]/u

/** Every text and key of a file with a character that could add a line to a configuration file. The value must be free of cycles. */
export function textsAreOneLine(file: string, value: unknown, path: readonly string[] = []): readonly Finding[] {
  if (typeof value === 'string') return unwanted.test(value) ? [oneLine(file, path, value, false)] : []
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([key, item]) => [
    ...(unwanted.test(key) ? [oneLine(file, [...path, key], key, true)] : []),
    ...textsAreOneLine(file, item, [...path, key]),
  ])
}

function oneLine(file: string, path: readonly string[], text: string, isKey: boolean): Finding {
  const message = `${shown(text)} holds a line break, a tab or another control character`
  const help = 'write it on one line, with visible characters only; longer text belongs into a file below files/'
  return (isKey ? mistakenKey : mistake)('control-character', { file, path }, message, help)
}
