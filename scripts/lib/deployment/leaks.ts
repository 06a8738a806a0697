/** Searches everything that a run wrote for the secrets that it knew. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { FailureError } from '../failure.ts'
import { matcherOf, type KnownSecret } from './mask.ts'

/** Something that a run wrote. */
export interface Written {
  /** "standard output", or a file's path. */
  readonly name: string
  readonly text: string
}

/** What is in these files, and in all files of these folders. What is not there was not written. */
export async function writtenTo(paths: readonly string[]): Promise<readonly Written[]> {
  const files = (await Promise.all(paths.map(filesOf))).flat()
  return await Promise.all(files.map(async (name) => ({ name, text: await readFile(name, 'utf8') })))
}

async function filesOf(path: string): Promise<readonly string[]> {
  const facts = await stat(path).catch(() => null)
  if (facts?.isFile() === true) return [path]
  if (facts?.isDirectory() !== true) return []
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
}

/** Places that are named one by one. */
const most = 10

/** The failure that a leak is, exit 4: which secret, in what, in which line, and never its value. Null where there is none. */
export function leakIn(written: readonly Written[], known: readonly KnownSecret[]): FailureError | null {
  const matcher = matcherOf(known)
  const leaks = written.flatMap(({ name, text }) =>
    matcher.found(text).map(({ id, at }) => ({ id, place: `${name}:${lineOf(text, at)} ("${id}")` })),
  )
  const [ids, places] = [sortedOnce(leaks.map(({ id }) => id)), [...new Set(leaks.map(({ place }) => place))]]
  const [first, ...others] = ids
  if (first === undefined) return null
  const more = places.length > most ? `, and in ${places.length - most} places more` : ''
  const one = others.length === 0
  return new FailureError(
    {
      what: `${one ? `the secret "${first}" is` : `${ids.length} secrets are`} in what this run wrote`,
      where: `${places.slice(0, most).join(', ')}${more}`,
      now: 'the hosts are as is said above; whoever may read these places can read the secret',
      next: `delete them, set ${one ? `a new value (quorate secrets set ${first})` : 'new values'}, deploy, and report this as a bug in quorate`,
    },
    4,
  )
}

function sortedOnce(ids: readonly string[]): readonly string[] {
  return [...new Set(ids)].toSorted()
}

function lineOf(text: string, at: number): number {
  return text.slice(0, at).split('\n').length
}
