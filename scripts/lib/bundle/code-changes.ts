/** Which files of a change are code, which runs where the change is reviewed and later beside the hosts' keys, or say whom to trust. */
import { resolve } from 'node:path'
import { repoRootOf } from '../roots.ts'
import { openGit } from './git.ts'

/** In whatever folder quorate lies. */
const folders = /(?:^|\/)(?:renderers|scripts|node_modules|\.github|\.ci)\//
/** What npm and the build read. */
const files =
  /(?:^|\/)(?:package\.json|package-lock\.json|npm-shrinkwrap\.json|\.npmrc|tsconfig[^/]*\.json|lab\.schema\.json)$/
/** Those of the lab's own files too: nunjucks is no sandbox. */
const templates = /\.njk$/

/** The hosts' keys that are believed, and who can read the secrets. */
const trusted = /(?:^|\/)(?:known_hosts|\.sops\.yaml)$/

/** `path`: relative to the top of the repository, with "/". */
export function isTrust(path: string): boolean {
  return trusted.test(path)
}

/** `path`: relative to the top of the repository, with "/". */
export function isCode(path: string): boolean {
  return folders.test(path) || files.test(path) || templates.test(path)
}

/** The code, and what says whom to trust, that differs between a commit and the working tree of a lab's repository, relative to the repository's top; sorted. */
export async function codeChanges(labFolder: string, commit: string | null): Promise<readonly string[]> {
  const git = await openGit(repoRootOf(resolve(labFolder)))
  if (git === null || commit === null) return []
  return (await git.changedAnywhere(commit)).filter((path) => isCode(path) || isTrust(path)).toSorted()
}
