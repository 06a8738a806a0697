/** Runs probes on a host and judges their answers. */
import type { Probe } from '../../../renderers/renderer.ts'
import { clipped } from './clip.ts'
import { garbled } from './garbled.ts'
import type { Fields } from './host-side.ts'
import { refusal, type Session } from './session.ts'

export interface Answered {
  readonly exit: number
  readonly stdout: string
  readonly stderr: string
}

/** One command may take this long; what it waits for is asked again, not waited out. Seconds. */
const commandSeconds = 10

/** Questions to a host that were asked at the same time. */
interface Batch {
  /** Each once, by its words: one answer is as good for everybody who asked at that moment. */
  readonly runs: Map<string, Fields>
  readonly answers: Promise<ReadonlyMap<string, Answered>>
}

const gathered = new WeakMap<Session, Map<string, Batch>>()

/**
 * Runs argument vectors on a host, several at a time; what is asked in the same moment goes in one call. The answers come in the order of
 * the questions.
 */
export async function runOn(host: string, session: Session, runs: readonly Fields[]): Promise<readonly Answered[]> {
  if (runs.length === 0) return []
  const batch = batchFor(host, session)
  const keys = runs.map((run) => JSON.stringify(run))
  for (const [index, key] of keys.entries()) batch.runs.set(key, runs[index] as Fields)
  const answers = await batch.answers
  return keys.map((key) => answers.get(key) as Answered)
}

function batchFor(host: string, session: Session): Batch {
  const batches = gathered.get(session) ?? new Map<string, Batch>()
  gathered.set(session, batches)
  const open = batches.get(host)
  if (open !== undefined) return open
  const runs = new Map<string, Fields>()
  const answers = new Promise<void>((resolve) => setImmediate(resolve)).then(async () => {
    batches.delete(host)
    return await call(host, session, runs)
  })
  const batch = { runs, answers }
  batches.set(host, batch)
  return batch
}

async function call(host: string, session: Session, runs: ReadonlyMap<string, Fields>) {
  const input = [...runs.values()].map((run) => ['run', ...run])
  const answer = await session.ask(host, 'probe', [String(commandSeconds)], input, millisecondsFor(runs.size))
  if (answer.refused !== null) throw refusal(host, 'probe', answer.refused)
  const answers = answersOf(host, answer.records, runs.size)
  return new Map([...runs.keys()].map((key, index) => [key, answers[index] as Answered]))
}

/** How long `count` commands may take, eight at a time, with the way there and back. */
export function millisecondsFor(count: number): number {
  return Math.ceil(count / 8) * (commandSeconds + 2) * 1000 + 10_000
}

/** The answers in the records of "probe" and "validate". Throws a FailureError where they are not what was asked for. */
export function answersOf(host: string, records: readonly Fields[], count: number): readonly Answered[] {
  const said = Buffer.from(records.find(([kind]) => kind === 'said')?.[1] ?? '', 'base64')
  let at = 0
  const next = (length: string | undefined) => said.subarray(at, (at += lengthOf(host, length))).toString()
  const answers = records
    .filter(([kind]) => kind === 'ran')
    .map(([, , exit, out, err]) => ({ exit: exitOf(host, exit), stdout: next(out), stderr: next(err) }))
  if (answers.length !== count) throw garbled(host, `${count} commands were sent, and ${answers.length} answers came`)
  // Whatever went on writing meanwhile has moved all that follows: nobody can say any more who said what.
  if (at !== said.length)
    throw garbled(host, `the commands are said to have printed ${at} bytes, and ${said.length} came`)
  return answers
}

function lengthOf(host: string, length: string | undefined): number {
  if (length !== undefined && /^\d{1,5}$/.test(length)) return Number(length)
  throw garbled(host, `a command is said to have printed ${JSON.stringify(length ?? '')} bytes`)
}

/** What is no number must not pass for 0. */
function exitOf(host: string, exit: string | undefined): number {
  if (exit !== undefined && /^\d{1,3}$/.test(exit)) return Number(exit)
  throw garbled(host, `a command is said to have exited with ${JSON.stringify(exit ?? '')}`)
}

/** Why a probe is not well; null where it is. */
export function fault(probe: Probe, answered: Answered): string | null {
  const said = lastLine(answered.stderr) ?? lastLine(answered.stdout)
  const because = said === null ? '' : ` (${said})`
  if (answered.exit === 124 || answered.exit === 137)
    return `${probe.title}: no answer from ${probe.run.join(' ')} within ${commandSeconds} s`
  if (!probe.exit.includes(answered.exit))
    return `${probe.title}: ${probe.run.join(' ')} exited with ${answered.exit}${because}`
  if (probe.stdout !== undefined && !new RegExp(probe.stdout, 'm').test(answered.stdout)) {
    return `${probe.title}: ${probe.run.join(' ')} did not print /${probe.stdout}/${because}`
  }
  if (probe.stderrNot !== undefined && new RegExp(probe.stderrNot, 'mi').test(answered.stderr)) {
    return `${probe.title}: ${probe.run.join(' ')} complains${because}`
  }
  return null
}

/** Every probe that is not well. */
export async function faultsOn(host: string, session: Session, probes: readonly Probe[]): Promise<readonly string[]> {
  const answers = await runOn(
    host,
    session,
    probes.map((probe) => probe.run),
  )
  return probes.flatMap((probe, index) => fault(probe, answers[index] as Answered) ?? [])
}

function lastLine(output: string): string | null {
  const last = output.trim().split('\n').at(-1)?.trim()
  return last === undefined || last === '' ? null : clipped(last, 200)
}
