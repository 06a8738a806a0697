/** Programs that a benchmark compares with; what they print is read only where they fail. */
import { spawn } from 'node:child_process'

/** Waits for its end; throws with its last words where it fails. `stdin`: what it reads. */
export async function runProgram(
  program: string,
  args: readonly string[],
  { cwd, stdin = '' }: { readonly cwd?: string; readonly stdin?: string } = {},
): Promise<string> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], ...(cwd === undefined ? {} : { cwd }) })
  const said = { out: '', err: '' }
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()))
  child.stdin.on('error', () => {})
  child.stdin.end(stdin)
  const exit = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (exit === 0) return said.out
  throw new Error(`${program} ended with ${exit}: ${(said.err || said.out).trim().slice(-600)}`)
}
