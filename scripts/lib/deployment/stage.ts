/** Puts what a host will hold beside what it holds: uploaded, verified on the host, made to last. Nothing is in place yet. */
import { createHash } from 'node:crypto'
import { join } from 'node:path/posix'
import type { Act, Probe } from '../../../renderers/renderer.ts'
import { FailureError } from '../failure.ts'
import { hostScript, type Fields } from './host-side.ts'
import { answersOf, fault, millisecondsFor, type Answered } from './probe.ts'
import type { Session } from './session.ts'

/** One generation on one host. */
export interface Stage {
  readonly host: string
  readonly generation: string
  readonly files: readonly StagedFile[]
  readonly acts: readonly Act[]
  /** What is told where a copy had to be put back. */
  readonly copied: readonly Act[]
  /** Where hosts change in turn: what is told before anybody's files change. */
  readonly inTurn?: { readonly first: readonly Act[] }
  /** Paths of files that somebody edited since they were deployed: their bytes are kept for good. */
  readonly strange?: readonly string[]
  /** What is written down on the host once it is confirmed; null on one that is only armed. */
  readonly record: HostRecord | null
}

export interface HostRecord {
  /** What the host will hold, as its manifest.json. */
  readonly manifest: string
  /** Commit, rollout and time, as its "deployed". */
  readonly deployed: string
}

export type StagedFile = {
  readonly path: string
  readonly mode: string
  readonly owner: string
  readonly store: 'disk' | 'pmxcfs'
  /** SHA-256 of the bytes there now, "absent", or "other". The host refuses when it finds anything else. */
  readonly expect: string
} & (
  | {
      readonly op: 'put'
      readonly hash: string
      readonly renderHash: string
      /** The bytes, or where the host keeps them: "GENERATION/old/INDEX". */
      readonly source: Buffer | string
      /** Of a number that may only rise: what stands before it, and the number under which a revert puts the old content back. */
      readonly serial: { readonly prefix: string; readonly onRevert: number } | null
    }
  | { readonly op: 'keep'; readonly hash: string; readonly renderHash: string }
  | { readonly op: 'remove' }
  /** What pmxcfs lays by itself: nothing is put in place, but it is put back. */
  | {
      readonly op: 'copy'
      /** What it will be; null where only the host that writes knows. */
      readonly hash: string | null
      /** The path on pmxcfs that it is a copy of. */
      readonly of: string
      readonly serial: { readonly prefix: string; readonly onRevert: number }
    }
)

const stageMs = 60_000

/** Uploads and stages. Throws a FailureError; then nothing is in place, and the next run discards what was sent. */
export async function stage(session: Session, wanted: Stage): Promise<void> {
  const { host, generation } = wanted
  const opened = await session.write(host, 'open', [generation], [], stageMs)
  const folder = opened.records.find(([kind]) => kind === 'folder')?.[1] ?? ''
  if (!folder.endsWith(`/var/lib/quorate/generations/${generation}`)) {
    throw new Error(`${host} names "${folder}" as the folder of generation ${generation}`)
  }
  const { record } = wanted
  const written = record === null ? {} : { 'manifest.json': record.manifest, deployed: record.deployed }
  const extra = { 'host.sh': hostScript, ...written }
  const uploads = [
    ...Object.entries(extra).map(([name, content]) => ({ path: join(folder, name), content: Buffer.from(content) })),
    ...wanted.files.flatMap((file, index) =>
      file.op === 'put' && typeof file.source !== 'string'
        ? [{ path: join(folder, 'new', String(index)), content: file.source }]
        : [],
    ),
  ]
  await session.put(host, uploads, stageMs)
  const sums = Object.entries(extra).map(([name, content]) => ['sum', name, sha256(content)])
  const told = [...wanted.acts.map((act) => actLine('act', act)), ...wanted.copied.map((act) => actLine('copied', act))]
  const { inTurn } = wanted
  const turn = inTurn === undefined ? [] : [['lockstep'], ...inTurn.first.map((act) => actLine('first', act))]
  const strange = (wanted.strange ?? []).map((path) => ['strange', path])
  const lines = [...wanted.files.map(fileLine), ...turn, ...told, ...strange, ...sums]
  await session.write(host, 'stage', [generation], lines, stageMs)
}

/** Runs the daemons' own checkers on the staged files. `real`: they saw them at their real paths; otherwise as a copy. */
export async function validate(
  session: Session,
  host: string,
  generation: string,
  checks: readonly Probe[],
): Promise<{ readonly real: boolean }> {
  if (checks.length === 0) return { real: true }
  const input = checks.map((check) => ['run', ...check.run])
  const answer = await session.ask(host, 'validate', [generation, '20'], input, 2 * millisecondsFor(checks.length))
  if (answer.refused !== null) throw refused(host, answer.refused.text)
  const answers = answersOf(host, answer.records, checks.length)
  const faults = checks.flatMap((check, index) => fault(check, answers[index] as Answered) ?? [])
  if (faults.length > 0) throw refused(host, faults.join('; '))
  return { real: answer.records.some(([kind, how]) => kind === 'checked' && how === 'real') }
}

/** An act as the argument vector that the host runs. */
function actLine(kind: 'act' | 'copied' | 'first', act: Act): Fields {
  return 'run' in act ? [kind, ...act.run] : [kind, 'systemctl', act.do, act.unit]
}

function fileLine(file: StagedFile, index: number): Fields {
  const serial = file.op === 'put' || file.op === 'copy' ? file.serial : null
  const source = file.op === 'put' ? file.source : file.op === 'copy' ? file.of : null
  return [
    'file',
    String(index),
    file.op,
    file.path,
    file.mode,
    file.owner,
    file.store,
    file.op === 'remove' ? '-' : (file.hash ?? '-'),
    file.expect,
    'renderHash' in file ? file.renderHash : '-',
    serial === null ? '-' : serial.prefix,
    serial === null ? '-' : String(serial.onRevert),
    typeof source === 'string' ? source : '-',
  ]
}

function sha256(content: string): string {
  return createHash('sha256').update(content).digest('hex')
}

function refused(host: string, why: string): FailureError {
  return new FailureError(
    {
      what: `${host} does not accept the new files: ${why}`,
      where: host,
      now: 'they were sent, but nothing was put in place',
      next: 'mend the definition, and run again',
    },
    3,
  )
}
