/**
 * Runs all test files: those of the twin, which mostly wait, each in a run of its own and five at a time, and before them all others in one run
 * (run.ts), whose simulated hosts live faster than the clock and need the machine for themselves.
 *
 *   node --import tsx test/lanes.ts [--no-skips]
 *
 * The others' output comes as it is made, that of a file of the twin when it is whole. The last line is the sum: "N passed, N failed, N skipped".
 */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pLimit from 'p-limit'

const run = join(import.meta.dirname, 'run.ts')
const register = join(import.meta.dirname, 'register.js')

/** Those that take longest come first, so that the lanes end together. */
const longestFirst = [
  'faults',
  'fourth-node',
  'kills-everywhere',
  'lockstep',
  'corosync-change',
  'kills-reboot',
  'kills-cut',
  'kills-freeze',
  'kills-deployer',
  'lock-out',
  'rehearsal',
  'keep',
].map((name) => `twin/${name}.test.ts`)

interface Outcome {
  readonly counts: readonly number[]
  readonly isWell: boolean
}

function runTests(words: readonly string[], heard: (chunk: string) => void): Promise<Outcome> {
  const all = ['--import', 'tsx', '--import', register, run, ...process.argv.slice(2), ...words]
  const child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const hear = (chunk: Buffer) => {
    output += chunk.toString()
    heard(chunk.toString())
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  return new Promise((resolve) => {
    child.once('close', (code) => {
      const last = /^(\d+) passed, (\d+) failed, (\d+) skipped$/.exec(output.trimEnd().split('\n').at(-1) ?? '')
      // A run that came to no count failed, whatever it says.
      const counts = last === null ? [0, 1, 0] : last.slice(1).map(Number)
      resolve({ counts, isWell: code === 0 && last !== null })
    })
  })
}

function filesOfTheTwin(): readonly string[] {
  const names = readdirSync(join(import.meta.dirname, 'twin')).filter((name) => name.endsWith('.test.ts'))
  const real = names.filter((name) =>
    /from '\.\/(?:rehearse|kills)\.ts'/.test(readFileSync(join(import.meta.dirname, 'twin', name), 'utf8')),
  )
  const rank = (file: string) => (longestFirst.includes(file) ? longestFirst.indexOf(file) : longestFirst.length)
  return real.map((name) => `twin/${name}`).toSorted((a, b) => rank(a) - rank(b))
}

async function runWhole(file: string): Promise<Outcome> {
  let output = ''
  const outcome = await runTests([file], (chunk) => (output += chunk))
  process.stdout.write(`\n${output}\n`)
  return outcome
}

const twin = filesOfTheTwin()
const fiveAtATime = pLimit(5)
const others = await runTests(
  twin.flatMap((file) => ['--without', file]),
  (chunk) => void process.stdout.write(chunk),
)
const outcomes = [others, ...(await Promise.all(twin.map((file) => fiveAtATime(() => runWhole(file)))))]
const [passed, failed, skipped] = [0, 1, 2].map((at) =>
  outcomes.reduce((sum, { counts }) => sum + (counts[at] ?? 0), 0),
)
process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`)
process.exitCode = outcomes.every(({ isWell }) => isWell) ? 0 : 1
