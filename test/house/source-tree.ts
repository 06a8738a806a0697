/** The repository's own files, as a test of the house sees them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's folder. */
export const top = fileURLToPath(new URL('../..', import.meta.url))

const notOurs = new Set(['.git', 'dist', 'node_modules', 'out', 'quorate-demo'])

/** A file, its path relative to the repository with "/". */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

/** All files below a folder of the repository, sorted. */
export function filesBelow(folder: string, pattern = /./): readonly SourceFile[] {
  return pathsBelow(folder)
    .filter((path) => pattern.test(path))
    .map((path) => ({ path, text: readFileSync(join(top, path), 'utf8') }))
}

function pathsBelow(folder: string): readonly string[] {
  return readdirSync(join(top, folder), { withFileTypes: true })
    .filter((entry) => !notOurs.has(entry.name) && !entry.name.endsWith('.tgz'))
    .flatMap((entry) => {
      const path = folder === '.' ? entry.name : `${folder}/${entry.name}`
      return entry.isDirectory() ? pathsBelow(path) : [path]
    })
    .toSorted()
}
