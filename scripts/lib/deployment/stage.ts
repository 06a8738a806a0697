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
  /** What the host will hold once it is confirmed, as its manifest.json. */
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
  const extra = { 'host.sh': hostScript, 'manifest.json': wanted.manifest, deployed: wanted.deployed }
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
  const lines = [...wanted.files.map(fileLine), ...wanted.acts.map(actLine), ...sums]
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
export function actLine(act: Act): Fields {
  return 'run' in act ? ['act', ...act.run] : ['act', 'systemctl', act.do, act.unit]
}

function fileLine(file: StagedFile, index: number): Fields {
  const put = file.op === 'put' ? file : null
  const serial = put?.serial ?? null
  return [
    'file',
    String(index),
    file.op,
    file.path,
    file.mode,
    file.owner,
    file.store,
    file.op === 'remove' ? '-' : file.hash,
    file.expect,
    file.op === 'remove' ? '-' : file.renderHash,
    serial === null ? '-' : serial.prefix,
    serial === null ? '-' : String(serial.onRevert),
    put !== null && typeof put.source === 'string' ? put.source : '-',
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
