import type { Problem } from './lib/definition/problem.ts'

/** Where a verb prints: one document on `out`, everything else on `note`. */
export interface Terminal {
  /** Standard output; the text ends with its own newline. */
  out(text: string): void
  /** Standard error; the text ends with its own newline. */
  note(text: string): void
  readonly colour: boolean
  /** 120 where it is not known: logs are wide. */
  readonly columns: number
  /** Standard error is a terminal that a person watches, and no CI log. */
  readonly live: boolean
  /** Where there is such a place: shows problems besides on the lines that they are about. */
  show?(problems: readonly Problem[]): void
}

/** What a terminal needs of process.stdout and process.stderr. */
export interface Stream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown
}

/**
 * The terminal of a process. Colour: NO_COLOR (any value) turns it off, FORCE_COLOR (but 0) on, else a terminal has it.
 * A reader that goes away (`| head`) ends the printing, not the work: a deployment must not die of a closed pipe.
 */
export function openTerminal(out: Stream, note: Stream, environment: NodeJS.ProcessEnv): Terminal {
  const watched = (stream: Stream) => stream.isTTY === true && environment['TERM'] !== 'dumb'
  return {
    out: writerOf(out),
    note: writerOf(note),
    colour: wantsColour(environment) ?? (watched(out) && watched(note)),
    columns: out.columns ?? note.columns ?? 120,
    live: watched(note) && !isSet(environment['CI']),
  }
}

function wantsColour(environment: NodeJS.ProcessEnv): boolean | undefined {
  if (isSet(environment['NO_COLOR'])) return false
  if (isSet(environment['FORCE_COLOR'])) return environment['FORCE_COLOR'] !== '0'
  return undefined
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== ''
}

function writerOf(stream: Stream): (text: string) => void {
  let open = true
  stream.on('error', (error) => {
    if (error.code !== 'EPIPE') throw error
    open = false
  })
  return (text) => {
    if (open) stream.write(text)
  }
}
