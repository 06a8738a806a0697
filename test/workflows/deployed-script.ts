/** The script of the workflow's that moves refs, as a job runs it. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { top } from '../house/source-tree.ts'

/** Runs it in a clone of a real repository: its exit code, its words, and what it prints on standard output alone. */
export function deployedScript(clone: string, ...args: readonly string[]) {
  const env = { PATH: process.env['PATH'], HOME: clone, GH_TOKEN: 'poison', GIT_CONFIG_NOSYSTEM: '1' }
  const { status, stdout, stderr } = spawnSync('bash', [join(top, '.github/actions/deployed.sh'), ...args], {
    cwd: clone,
    env,
    encoding: 'utf8',
  })
  return { status, words: stdout + stderr, printed: stdout.trim() }
}
