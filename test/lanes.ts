/**
 * Runs all test files, several runs of run.ts side by side: first those whose hosts are simulated, two runs, for such hosts live faster than the
 * clock and need the machine; as soon as one of the two has no more to do, the twin's files, which mostly wait, each in a run of its own and five
 * runs at a time.
 *
 *   node --import tsx test/lanes.ts [--no-skips]
 *
 * What a run prints comes when it is over. The last line is the sum: "N passed, N failed, N skipped".
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
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

/** One run of run.ts for these files. */
async function runFiles(files: readonly string[]): Promise<Outcome> {
  const all = ['--import', 'tsx', '--import', register, run, ...process.argv.slice(2), ...files]
  const child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const hear = (chunk: Buffer) => void (output += chunk.toString())
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  const [code] = (await once(child, 'close')) as [number | null]
  process.stdout.write(`\n${output}\n`)
  const last = /^(\d+) passed, (\d+) failed, (\d+) skipped$/.exec(output.trimEnd().split('\n').at(-1) ?? '')
  // A run that came to no count failed, whatever it says.
  const counts = last === null ? [0, 1, 0] : last.slice(1).map(Number)
  return { counts, isWell: code === 0 && last !== null }
}

/** Every test file, by its path below this folder. */
const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.test.ts'),
)
const startsMachines = (file: string) =>
  /from '\.\/(?:rehearse|kills)\.ts'/.test(readFileSync(join(import.meta.dirname, file), 'utf8'))
const rank = (file: string) => (longestFirst.includes(file) ? longestFirst.indexOf(file) : longestFirst.length)
const ofTheTwin = files.filter((file) => startsMachines(file)).toSorted((a, b) => rank(a) - rank(b))
const others = files.filter((file) => !ofTheTwin.includes(file)).toSorted()
// Neighbours in the list take about as long as each other, so each share gets one of them.
const shares = Array.from({ length: 12 }, (_, share) => others.filter((_file, index) => index % 12 === share))
const lanes = pLimit(2)
const outcomes = await Promise.all([
  ...shares.map((share) => lanes(() => runFiles(share))),
  ...ofTheTwin.map((file) =>
    lanes(() => {
      lanes.concurrency = 5
      return runFiles([file])
    }),
  ),
])
const [passed, failed, skipped] = [0, 1, 2].map((at) =>
  outcomes.reduce((sum, { counts }) => sum + (counts[at] ?? 0), 0),
)
process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`)
process.exitCode = outcomes.every(({ isWell }) => isWell) ? 0 : 1
