import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

export interface Answer {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a shell script in network and mount namespaces of its own, as their root: it may add interfaces and mount over /etc; nothing of it is
 * left, and no packet gets out.
 */
export function inNamespace(script: string, ...args: readonly string[]): Answer {
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    ['-rnmp', '--fork', '--mount-proc', '--kill-child', 'sh', '-c', script, 'sh', ...args],
    {
      encoding: 'utf8',
      timeout: 30_000,
      // unshare takes no notice of any other signal; with it goes all that the script started.
      killSignal: 'SIGKILL',
      env: { PATH: searched.join(':'), LC_ALL: 'C' },
    },
  )
  return { status, stdout, stderr }
}

/** Why a test that needs these programs cannot run here; null where it can. */
export function missing(...programs: readonly string[]): string | null {
  const absent = programs.filter((program) => !searched.some((folder) => existsSync(`${folder}/${program}`)))
  if (absent.length > 0) return `${absent.join(', ')} not installed`
  return inNamespace('true').status === 0 ? null : 'no namespaces here'
}

const searched = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']
