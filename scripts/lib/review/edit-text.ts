/** What somebody changed in a file on a host, for a terminal. */
import type { Edit } from '../deployment/edits.ts'
import { visible } from './visible.ts'

/** More lines of one file than a person reads at once; --json has all. */
const mostLines = 80

const heads = {
  deployed: 'from what was deployed (-) to what is there now (+)',
  wanted: 'from what would be written (-) to what is there now (+); what was deployed is not kept anywhere any more',
  foreign: 'from what would be written (-) to what is there now (+); quorate never wrote it',
} as const

/** Begins with an empty line, and ends with a newline. */
export function editText({ host, path, kind, from, hunks, why }: Edit): string {
  const name = `${host}:${visible(path)}`
  if (hunks === null || from === null) return `\n${name}: ${visible(why ?? 'it differs')}\n`
  const lines = hunks.replace(/\n$/, '').split('\n')
  const more = lines.length - mostLines
  const shown = lines.slice(0, mostLines).map((line) => `  ${visible(line)}\n`)
  const rest = more > 0 ? [`  … and ${more} lines more\n`] : []
  return [`\n${name}: ${heads[kind === 'foreign' ? kind : from]}\n`, ...shown, ...rest].join('')
}
