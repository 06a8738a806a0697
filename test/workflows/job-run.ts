/** Runs the scripts of a workflow's job as a runner of GitHub's does, on this machine: the actions that it uses are for the caller to play. */
import { spawn } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'

interface Step {
  readonly id?: string
  readonly if?: string
  readonly run?: string
  readonly env?: Readonly<Record<string, string>>
}

interface Job {
  readonly env?: Readonly<Record<string, string>>
  readonly steps: readonly Step[]
}

export interface JobRun {
  /** No script failed. */
  readonly ok: boolean
  /** Of all scripts, both streams. */
  readonly log: string
  readonly summary: string
  /** GITHUB_OUTPUT, as it was written. */
  readonly outputs: string
}

/**
 * `checkout`: the folder of the checked out revision, whose workflow it is; `temp`: RUNNER_TEMP. `env`: what GitHub would set besides. No expression
 * is known but the token and the folder: one that puts text of others anywhere fails here.
 */
export async function runJob(
  workflow: string,
  name: string,
  surroundings: {
    readonly checkout: string
    readonly temp: string
    readonly token: string
    readonly env: Readonly<Record<string, string>>
  },
): Promise<JobRun> {
  const { checkout, temp, token, env } = surroundings
  const text = await readFile(join(checkout, '.github/workflows', `${workflow}.yml`), 'utf8')
  const job = (parse(text) as { jobs: Readonly<Record<string, Job>> }).jobs[name]
  if (job === undefined) throw new Error(`${workflow}.yml has no job ${name}`)
  await mkdir(temp, { recursive: true })
  const files = { GITHUB_OUTPUT: join(temp, '.outputs'), GITHUB_STEP_SUMMARY: join(temp, '.summary') }
  for (const file of Object.values(files)) await writeFile(file, '')
  const known: Readonly<Record<string, string>> = { 'github.token': token, 'runner.temp': temp }
  const filled = (texts: Readonly<Record<string, string>> = {}) =>
    Object.fromEntries(Object.entries(texts).map(([key, value]) => [key, fill(value, known)]))
  let ok = true
  let log = ''
  for (const step of job.steps) {
    if (step.run === undefined || (!ok && !/always\(\)|cancelled\(\)/.test(step.if ?? ''))) continue
    const script = join(temp, '.script.sh')
    await writeFile(script, step.run)
    const whole = { ...base(temp), ...files, ...env, ...filled(job.env), ...filled(step.env) }
    const { exit, words } = await ran(script, checkout, whole)
    log += words
    ok &&= exit === 0
  }
  const read = async (file: string) => readFile(file, 'utf8')
  return { ok, log, summary: await read(files.GITHUB_STEP_SUMMARY), outputs: await read(files.GITHUB_OUTPUT) }
}

function base(temp: string): Readonly<Record<string, string>> {
  const { PATH = '' } = process.env
  return { PATH, HOME: temp, CI: 'true', GITHUB_ACTIONS: 'true', GIT_CONFIG_NOSYSTEM: '1', RUNNER_TEMP: temp }
}

function fill(text: string, known: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{\{\s*(.*?)\s*\}\}/g, (_, expression: string) => {
    const value = known[expression]
    if (value === undefined) throw new Error(`nobody knows \${{ ${expression} }} here`)
    return value
  })
}

/** As a runner does without "shell:". The process of the test goes on meanwhile: it may be who is asked. */
async function ran(script: string, cwd: string, env: Readonly<Record<string, string>>) {
  const child = spawn('bash', ['-e', script], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let words = ''
  child.stdout.on('data', (chunk: Buffer) => (words += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (words += chunk.toString()))
  const exit = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { exit, words }
}
