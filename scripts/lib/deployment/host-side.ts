/** Calls of the host side: one exec of `sh -s`, fed with host.sh, the call and its input; nothing of it is in a process's arguments. */
import { FailureError } from '../failure.ts'
import { clipped } from './clip.ts'
import script from './host.sh'
import type { Remote } from './remote.ts'

/** A line of input, or of the answer: its fields. */
export type Fields = readonly string[]

export interface HostAnswer {
  /** In order, without the closing "end". */
  readonly records: readonly Fields[]
  /** Why the host side would not do it; null where it did. */
  readonly refused: { readonly code: string; readonly text: string } | null
}

/** The text of host.sh, which is also kept in every generation. */
export const hostScript = script.text

/** The last line of the call: without it the host side refuses what came. */
const closing = 'end'

/**
 * Runs one verb on a host. `args` and every field are refused, not escaped, where they hold a control character.
 * Throws a FailureError where the host is lost or its answer broke off; what it did then is not known.
 */
export async function callHost(
  host: string,
  remote: Remote,
  verb: string,
  args: Fields,
  input: readonly Fields[],
  ms: number,
): Promise<HostAnswer> {
  const ran = await remote.exec('sh -s', `${script.text}\n${callText(verb, args, input)}`, ms)
  const lines = ran.stdout.split('\n').filter((line) => line !== '')
  if (lines.at(-1) !== 'end') {
    throw new FailureError(
      {
        what: `the answer of ${host} to "${verb}" broke off (exit ${ran.exit ?? 'by a signal'}): ${shown(ran.stderr)}`,
        where: host,
        now: 'how far it got is not known',
        next: `run again: what was begun is finished or taken back first`,
      },
      4,
    )
  }
  const records = lines.slice(0, -1).map((line) => line.split('\t'))
  const refusal = records.find((record) => record[0] === 'refused')
  return {
    records: records.filter((record) => record[0] !== 'refused'),
    refused: refusal === undefined ? null : { code: refusal[1] ?? '', text: text(refusal[2]) },
  }
}

/** The call and its input, as they follow the script. */
export function callText(verb: string, args: Fields, input: readonly Fields[]): string {
  for (const word of [verb, ...args]) {
    if (!/^[a-z0-9-]+$/.test(word)) throw new Error(`"${word}" is no word for the host side`)
  }
  const lines = input.map((fields) => fields.map(field).join('\t'))
  const call = [[verb, ...args].join(' '), ...lines, closing].join('\n')
  return `main '${call.replaceAll("'", String.raw`'\''`)}'\n`
}

/** Base64 to text; empty where there is none. */
export function text(base64: string | undefined): string {
  return Buffer.from(base64 ?? '', 'base64').toString()
}

function field(value: string): string {
  // A line of the input cannot be the closing one either, for its first field is a word of ours.
  if (value === '' || /[\u0000-\u001f\u007f]/.test(value)) {
    throw new Error(
      `${JSON.stringify(value.slice(0, 60))} cannot be sent to a host: it is empty or holds a control character`,
    )
  }
  return value
}

function shown(stderr: string): string {
  const last = stderr.trim().split('\n').slice(-3).join(' | ')
  return last === '' ? 'it said nothing' : clipped(last, 400)
}
