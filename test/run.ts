/**
 * Runs the test files with uvu and cannot report success for a failing suite.
 *
 *   node --import tsx --import ./test/register.js test/run.ts [--no-skips] [--dir DIR] [PATTERN …]
 *
 * Files whose path contains one of the patterns are run; all of them where there is none.
 *
 * uvu 0.5.6 exits 0 when a `before` hook throws, when a test throws something that is no Error, when `.run()` is forgotten and when no
 * file matches. So the counts that it prints are compared here. The last line is always "N passed, N failed, N skipped".
 */
import { basename } from 'node:path'
import { parseArgs, stripVTControlCharacters } from 'node:util'
import { parse } from 'uvu/parse'
import { run } from 'uvu/run'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'no-skips': { type: 'boolean', default: false },
    dir: { type: 'string', default: 'test' },
  },
})

const problems: string[] = []
let finished = false

process.on('exit', () => {
  if (finished) return
  process.exitCode = 1
  process.stdout.write('\nA test never came to an end: the process ran out of work before the last suite.\n')
  process.stdout.write('0 passed, 1 failed, 0 skipped\n')
})

const { suites } = await parse(values.dir, String.raw`\.test\.ts$`)
const patterns = positionals.length === 0 ? [''] : positionals
const wanted = suites.filter((suite) => patterns.some((pattern) => suite.name.includes(pattern)))
for (const pattern of patterns) {
  if (!suites.some((suite) => suite.name.includes(pattern)))
    problems.push(`no test file matches "${pattern}" below ${values.dir}/`)
}

let printed = ''
const write = process.stdout.write.bind(process.stdout)
process.stdout.write = (chunk: string | Uint8Array, ...rest: unknown[]) => {
  printed += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()
  return write(chunk, ...(rest as []))
}

const queue: unknown[][] = ((globalThis as { UVU_QUEUE?: unknown[][] }).UVU_QUEUE ??= [])
try {
  if (wanted.length > 0) await run(wanted.map((suite) => ({ ...suite, file: suite.file.replace(/^\//, '') })))
} catch (error) {
  problems.push(`the run broke off: ${error instanceof Error ? error.stack : String(error)}`)
}
process.stdout.write = write

// uvu takes the name off each group and leaves the suites that the file queued.
wanted.forEach((suite, index) => {
  if (queue[index]?.length === 0 || queue[index] === undefined) {
    problems.push(`${basename(suite.file)} queued no suite: is .run() missing at its end?`)
  }
})

const count = (label: string) =>
  Number(
    [...stripVTControlCharacters(printed).matchAll(new RegExp(String.raw`^ {2}${label}: +(\d+)$`, 'gm'))].at(-1)?.[1] ??
      0,
  )
const total = count('Total')
const passed = count('Passed')
const skipped = count('Skipped')
if (total === 0) problems.push('no test ran')
if (passed !== total) problems.push(`${total - passed} of ${total} tests did not pass`)
if (values['no-skips'] && skipped > 0) problems.push(`${skipped} tests were skipped, and none may be (--no-skips)`)

finished = true
for (const problem of problems) write(`${problem}\n`)
const failed = Math.max(total - passed, problems.length > 0 ? 1 : 0)
write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`)
process.exitCode = problems.length > 0 ? 1 : 0
