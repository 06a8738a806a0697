/** Runs probes on a host and judges their answers. */
import type { Probe } from '../../../renderers/renderer.ts'
import { text, type Fields } from './host-side.ts'
import { refusal, type Session } from './session.ts'

export interface Answered {
  readonly exit: number
  readonly stdout: string
  readonly stderr: string
}

/** One command may take this long; what it waits for is asked again, not waited out. Seconds. */
const commandSeconds = 10

/** Runs argument vectors on a host, several at a time. The answers come in the order of the questions. */
export async function runOn(host: string, session: Session, runs: readonly Fields[]): Promise<readonly Answered[]> {
  if (runs.length === 0) return []
  const input = runs.map((run) => ['run', String(commandSeconds), ...run])
  const answer = await session.ask(host, 'probe', [], input, millisecondsFor(runs.length))
  if (answer.refused !== null) throw refusal(host, 'probe', answer.refused)
  return answersOf(answer.records, runs.length)
}

/** How long `count` commands may take, eight at a time, with the way there and back. */
export function millisecondsFor(count: number): number {
  return Math.ceil(count / 8) * (commandSeconds + 2) * 1000 + 10_000
}

/** The answers in the records of "probe" and "validate". */
export function answersOf(records: readonly Fields[], count: number): readonly Answered[] {
  const answers = records
    .filter(([kind]) => kind === 'ran')
    .map(([, , exit, stdout, stderr]) => ({ exit: Number(exit), stdout: text(stdout), stderr: text(stderr) }))
  if (answers.length !== count) throw new Error(`${count} commands were sent, and ${answers.length} answers came`)
  return answers
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
  return output.trim().split('\n').at(-1)?.trim().slice(0, 200) || null
}
