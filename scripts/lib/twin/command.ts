/** Runs the programs that a twin is built with. */
import { spawn } from 'node:child_process'
import { FailureError } from '../failure.ts'

export interface Ran {
  readonly exit: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end; never a shell line. `input`: its standard input. Rejects where there is no such program. */
export function run(argv: readonly string[], input = ''): Promise<Ran> {
  const [program = '', ...args] = argv
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    const output: Buffer[] = []
    const errors: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk))
    child.stdin.on('error', () => child.stdin.destroy())
    child.once('error', reject)
    child.once('close', (exit) =>
      resolve({ exit, stdout: Buffer.concat(output).toString(), stderr: Buffer.concat(errors).toString() }),
    )
    child.stdin.end(input)
  })
}

/** As `run`, for what has to go well: standard output, or a FailureError (exit 4) with what the program said. */
export async function command(argv: readonly string[], input = ''): Promise<string> {
  const { exit, stdout, stderr } = await run(argv, input).catch((error: unknown) => {
    throw broken(argv, error instanceof Error ? error.message : String(error), error)
  })
  if (exit === 0) return stdout
  throw broken(argv, `it ended with ${exit ?? 'a signal'}: ${stderr.trim().split('\n').slice(-3).join(' ')}`)
}

function broken(argv: readonly string[], why: string, cause?: unknown): FailureError {
  const what = `the twin cannot be built: ${argv.slice(0, 6).join(' ')}: ${why}`
  const next = 'mend what it says, and run again; --debug shows more'
  return new FailureError({ what, where: argv[0] ?? '', now: 'no real host was touched', next }, 4, { cause })
}
