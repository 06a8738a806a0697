/**
 * Runs all test files in two lanes side by side: those of the twin, which mostly wait, and all others. Each lane is a run of its own (run.ts).
 *
 *   node --import tsx test/lanes.ts [--no-skips]
 *
 * The others' output comes as it is made, the twin's when it is whole. The last line is the sum: "N passed, N failed, N skipped".
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'

const run = join(import.meta.dirname, 'run.ts')
const register = join(import.meta.dirname, 'register.js')

interface Lane {
  readonly output: string
  readonly counts: readonly number[]
  readonly isWell: boolean
}

function lane(name: 'twin' | 'others', heard: (chunk: string) => void): Promise<Lane> {
  const words = ['--import', 'tsx', '--import', register, run, '--lane', name, ...process.argv.slice(2)]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] })
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
      // A lane that came to no count failed, whatever it says.
      const counts = last === null ? [0, 1, 0] : last.slice(1).map(Number)
      resolve({ output, counts, isWell: code === 0 && last !== null })
    })
  })
}

const [others, twin] = await Promise.all([
  lane('others', (chunk) => void process.stdout.write(chunk)),
  lane('twin', () => {}),
])
process.stdout.write(`\n${twin.output}\n`)
const [passed, failed, skipped] = [0, 1, 2].map((at) => (others.counts[at] ?? 0) + (twin.counts[at] ?? 0))
process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`)
process.exitCode = others.isWell && twin.isWell ? 0 : 1
