/** The two roots: where quorate itself lives, and where the lab's repository lives. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of quorate's own package.json: host side, schema and launcher are below it. */
export const packageRoot = ancestor(dirname(fileURLToPath(import.meta.url)), isQuorate)

/** The repository that holds a lab: the nearest folder above it with a .git or a package.json, else the lab's parent. Absolute. */
export function repoRootOf(labFolder: string): string {
  const lab = resolve(labFolder)
  const isRepository = (folder: string) => existsSync(join(folder, '.git')) || existsSync(join(folder, 'package.json'))
  return ancestor(dirname(lab), isRepository, dirname(lab))
}

function isQuorate(folder: string): boolean {
  const file = join(folder, 'package.json')
  return existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as { name?: unknown }).name === 'quorate'
}

function ancestor(from: string, holds: (folder: string) => boolean, otherwise?: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (holds(folder)) return folder
    if (folder !== dirname(folder)) continue
    if (otherwise !== undefined) return otherwise
    throw new Error(
      `no folder above ${from} holds quorate's package.json: the installation is damaged; install quorate again`,
    )
  }
}
