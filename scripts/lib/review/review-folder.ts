/** What a review left in a folder. Whoever opens a pull request decides what is in it, so nothing of it is believed that its contract does not promise. */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { SinceDeployed } from '../bundle/since-deployed.ts'
import { harmless } from '../definition/shown.ts'
import type { Problem } from '../definition/problem.ts'
import { FailureError } from '../failure.ts'
import type { Plan } from '../rollout/rollout.ts'
import type { RehearsalReport } from '../twin/report.ts'
import type { Review } from './comment.ts'
import { breachOf, type ContractName } from './contract.ts'
import { clipped } from './markdown.ts'

/** Two thousand hosts make some ten. */
const mostBytes = 64 * 1024 * 1024

interface Problems {
  readonly lab: string | null
  readonly problems: readonly Problem[]
}

type Changes = Omit<NonNullable<Review['changes']>, 'base'> & {
  readonly lab: string
  readonly code: readonly string[]
  readonly base: { readonly commit: string | null }
  readonly sinceDeployed: SinceDeployed | null
}

/** Reads problems.json, changes.json, rollout.json and rehearsal.json; what is missing or empty was not made. Throws a FailureError (exit 4). */
export async function readReview(folder: string): Promise<Omit<Review, 'head' | 'artifact'>> {
  const [problems, changes, plan, rehearsal] = await Promise.all([
    read<Problems>(folder, 'problems'),
    read<Changes>(folder, 'changes'),
    read<Plan>(folder, 'rollout'),
    read<RehearsalReport>(folder, 'rehearsal'),
  ])
  return {
    lab: problems?.lab ?? changes?.lab ?? null,
    problems: problems?.problems ?? null,
    changes: changes === null ? null : { ...changes, base: changes.base.commit },
    code: changes?.code ?? [],
    plan,
    rehearsal,
  }
}

async function read<Document>(folder: string, name: ContractName): Promise<Document | null> {
  const file = join(folder, `${name}.json`)
  const text = await textOf(file)
  if (text === null || text === '') return null
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (error) {
    throw refused(file, 'it is no JSON', error)
  }
  const breach = breachOf(name, document)
  if (breach !== null) throw refused(file, clipped(harmless(breach), 300))
  return document as Document
}

/** A link in the folder could lead to any file of the machine, which the comment would show. */
async function textOf(file: string): Promise<string | null> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null
      throw refused(file, error.code === 'ELOOP' ? 'it is a symbolic link' : error.message, error)
    },
  )
  if (handle === null) return null
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) throw refused(file, 'it is no file')
    if (stat.size > mostBytes) throw refused(file, `it has ${stat.size} bytes, and ${mostBytes} at most are read`)
    return await handle.readFile('utf8')
  } finally {
    await handle.close()
  }
}

function refused(file: string, why: string, cause?: unknown): FailureError {
  const failure = {
    what: `the review cannot be read: ${why}`,
    where: file,
    now: 'nothing was sent',
    next: 'see in the run that made it whether quorate wrote it: check, diff, plan and rehearse with --json',
  }
  return new FailureError(failure, 4, { cause })
}
