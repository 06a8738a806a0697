/** The example lab with the files of test/errors/<name>/lab/ instead of its own, and without those that removed.txt names. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readSources, type Source } from '../../scripts/lib/definition/source.ts'
import { packageRoot } from '../../scripts/lib/roots.ts'

const folder = join(packageRoot, 'test', 'errors')

/** Names of all broken labs, sorted. */
export const brokenLabs: readonly string[] = readdirSync(folder).toSorted()

/** Where a broken lab's expected report is. */
export function expectedFile(name: string): string {
  return join(folder, name, 'expected.txt')
}

/** The example lab's sources. */
export function exampleSources(): Promise<readonly Source[]> {
  return readSources(join(packageRoot, 'lab'))
}

/** The sources of one broken lab. */
export async function brokenSources(name: string): Promise<readonly Source[]> {
  const changed = join(folder, name, 'lab')
  const own = existsSync(changed) ? await readSources(changed) : []
  const removedFile = join(folder, name, 'removed.txt')
  const removed = existsSync(removedFile) ? readFileSync(removedFile, 'utf8').trim().split('\n') : []
  const kept = (await exampleSources()).filter(
    ({ path }) => !removed.includes(path) && !own.some((source) => source.path === path),
  )
  return [...kept, ...own].toSorted((a, b) => (a.path < b.path ? -1 : 1))
}
