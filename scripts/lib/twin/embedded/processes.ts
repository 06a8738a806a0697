/** The programs that run on embedded hosts: each in a process group of its own, so that none can be left behind. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import reaper from './reaper.sh'

export interface Processes {
  /** Starts a program in a group of its own, with nothing of this process's environment. */
  start(host: string, argv: readonly string[], where: Surroundings): ChildProcessWithoutNullStreams
  /** Ends what runs on a host, at once; resolves when it is gone. */
  kill(host: string): Promise<void>
  /** Ends everything. */
  close(): Promise<void>
}

export interface Surroundings {
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
}

/** A process beside this one outlives it for a moment and ends what is left, should this one be killed. */
export function startProcesses(): Processes {
  const running = new Map<ChildProcessWithoutNullStreams, { readonly host: string; readonly gone: Promise<void> }>()
  const guard = spawn('/bin/sh', ['-c', reaper.text], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  const guardGone = new Promise<void>((resolve) => guard.once('close', () => resolve()))
  // Whoever ends the guard by hand loses its protection, not the lab.
  guard.stdin.on('error', () => guard.stdin.destroy())
  guard.unref()
  ;(guard.stdin as unknown as { unref(): void }).unref()

  const tell = (sign: '+' | '-', group: number) => {
    if (guard.stdin.writable) guard.stdin.write(`${sign} ${group}\n`)
  }

  const killWhere = async (wanted: (host: string) => boolean) => {
    const doomed = [...running].filter(([, { host }]) => wanted(host))
    for (const [child] of doomed) killGroup(child)
    await Promise.all(doomed.map(([, { gone }]) => gone))
  }

  return {
    start(host, [program = '', ...args], { env, cwd }) {
      const child = spawn(program, args, { cwd, env, detached: true })
      const gone = new Promise<void>((resolve) => {
        child.once('close', () => {
          running.delete(child)
          if (child.pid !== undefined) tell('-', child.pid)
          resolve()
        })
      })
      running.set(child, { host, gone })
      if (child.pid !== undefined) tell('+', child.pid)
      return child
    },
    kill: (host) => killWhere((name) => name === host),
    async close() {
      await killWhere(() => true)
      // It is waited for now, and nothing else may be left to wait for.
      guard.ref()
      guard.stdin.end()
      await guardGone
    },
  }
}

/** The group outlives its leader where that left something running. */
function killGroup(child: ChildProcessWithoutNullStreams): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
