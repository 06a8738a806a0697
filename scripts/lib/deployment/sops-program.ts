/** Runs the program `sops`, without a shell. A value reaches it on standard input only: arguments are seen by everybody on the machine. */
import { spawn } from 'node:child_process'
import { FailureError } from '../failure.ts'
import { howToInstallSops } from '../secrets/refusals.ts'
import { masked } from './mask.ts'

export interface SopsRun {
  /** Where it looks for .sops.yaml, and above. */
  readonly folder: string
  /** What it reads; without it, it has the terminal, for an editor. */
  readonly input?: string
  /** Values that its own words must not show. */
  readonly secret?: readonly string[]
}

/** What it printed, and its exit code. Throws a FailureError (exit 4) where it is not installed. */
export async function runSops(args: readonly string[], { folder, input, secret = [] }: SopsRun) {
  // Standard output of quorate is for one document: an editor draws on standard error, which is the same terminal.
  const stdio = input === undefined ? (['inherit', 2, 'inherit'] as const) : (['pipe', 'pipe', 'pipe'] as const)
  const child = spawn('sops', args, { cwd: folder, stdio: [...stdio] })
  const [out, words] = [gathered(child.stdout), gathered(child.stderr)]
  // It may end before it has read everything; its exit code says why.
  child.stdin?.on('error', () => {})
  child.stdin?.end(input)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => reject(notStarted(error)))
    child.on('close', resolve)
  })
  const firstWords = masked(words.text().trim().split('\n').slice(0, 3).join(' '), secret)
  return { code, printed: out.text(), words: firstWords }
}

function gathered(stream: NodeJS.ReadableStream | null): { text(): string } {
  const chunks: Buffer[] = []
  stream?.on('data', (chunk: Buffer) => chunks.push(chunk))
  return { text: () => Buffer.concat(chunks).toString('utf8') }
}

function notStarted({ code }: NodeJS.ErrnoException): FailureError {
  const missing = code === 'ENOENT'
  const what = missing ? 'the program "sops" is not installed' : `the program "sops" cannot be started: ${code}`
  const next = missing ? `${howToInstallSops}, and run this again` : 'see that it is a program that you may run'
  return new FailureError({ what, where: 'sops', now: 'nothing was changed', next }, 4)
}
