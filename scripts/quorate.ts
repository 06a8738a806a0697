/** The command line: runs one verb and turns whatever comes of it into lines for a person and an exit code. */
import { commandLine, type Surroundings } from './command-line.ts'
import { discreet, type Discreet } from './discreet.ts'
import { leakIn, writtenTo } from './lib/deployment/leaks.ts'
import { FailureError, type Exit } from './lib/failure.ts'
import { openTerminal, type Terminal } from './terminal.ts'
import { witness } from './witness.ts'
import { stepFiles, tellOfLeak } from './workflow-step.ts'

/** Runs the verb that the process was called with and sets the exit code; throws nothing. */
export async function main(): Promise<void> {
  const streams = witness({ 'standard output': process.stdout, 'standard error': process.stderr })
  const terminal = discreet(openTerminal(process.stdout, process.stderr, process.env))
  const args = process.argv.slice(2)
  failSafely(terminal, args.includes('--debug'))
  const isWorkflow = process.env['GITHUB_ACTIONS'] === 'true'
  const written = async () => [...streams(), ...(await writtenTo(stepFiles(process.env)))]
  const onLeak = () => tellOfLeak(process.env)
  process.exitCode = await run(args, terminal, { onInterrupt, isWorkflow, written, onLeak })
}

/** What goes wrong outside of a verb's promise is a bug (4), where Node's own exit codes would read as a verdict on the definition (1). */
function failSafely(terminal: Terminal, debug: boolean): void {
  process.exitCode = 4
  process.once('uncaughtException', (error) => {
    terminal.note(explain(error, debug).text)
    process.exit(4)
  })
}

/** What a verb's run comes to. `args` are the words after "quorate". */
export async function run(args: readonly string[], terminal: Terminal, surroundings: Surroundings): Promise<Exit> {
  const verb = async (quiet: Discreet) => await commandLine(quiet, surroundings)(args)
  return await attempted(verb, terminal, surroundings, args.includes('--debug'))
}

/** What it comes to: errors become lines, and so does a secret in what was written. */
export async function attempted(
  verb: (quiet: Discreet) => Promise<Exit>,
  terminal: Terminal,
  around: Pick<Surroundings, 'written' | 'onLeak'>,
  debug: boolean,
): Promise<Exit> {
  const quiet = discreet(terminal)
  const attempt = async (action: () => Promise<Exit>): Promise<Exit> => {
    try {
      return await action()
    } catch (error) {
      const { exit, text } = explain(error, debug)
      quiet.note(text)
      return exit
    }
  }
  const exit = await attempt(async () => await verb(quiet))
  return quiet.hidden.length === 0 ? exit : await attempt(async () => await unlessLeaked(exit, quiet, around))
}

/** Throws a FailureError (exit 4) where a secret is in what was written. */
async function unlessLeaked(
  exit: Exit,
  { hidden, searched }: Discreet,
  around: Pick<Surroundings, 'written' | 'onLeak'>,
): Promise<Exit> {
  const leak = leakIn([...(await around.written()), ...(await writtenTo(searched))], hidden)
  if (leak === null) return exit
  around.onLeak()
  throw leak
}

/** An error as a person reads it, and what the run comes to. Where in the code it came from is for `debug`. */
export function explain(error: unknown, debug: boolean): { readonly exit: Exit; readonly text: string } {
  const trace = debug && error instanceof Error ? traceOf(error) : ''
  if (!(error instanceof FailureError)) return { exit: 4, text: bug(error) + trace }
  const { what, where, now, next } = error.failure
  return { exit: error.exit, text: `error: ${what}\n  where ${where}\n  now   ${now}\n  next  ${next}\n${trace}` }
}

function bug(error: unknown): string {
  return (
    `error: this is a bug in quorate: ${error instanceof Error ? error.message : String(error)}\n` +
    '  now   what was printed above is all that was done\n' +
    '  next  run it again with --debug and report what it prints\n'
  )
}

function traceOf(error: Error): string {
  const own = `${error.stack ?? error.message}\n`
  return error.cause instanceof Error ? `${own}caused by ${traceOf(error.cause)}` : own
}

/** The first Ctrl-C of a run that touches hosts only says what ending it means; the second ends it. */
function onInterrupt(warn: () => void): void {
  process.once('SIGINT', () => {
    warn()
    process.once('SIGINT', () => process.exit(130))
  })
}
