/** Keeps every path that a client names inside a host's own folders, symbolic links included. */
import { lstat, realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve, sep } from 'node:path'

/**
 * The real path that a client's path stands for. A relative one starts at the first folder.
 * `follow`: the last name may be a symbolic link that is followed (open, stat); else the link itself is meant (rename, remove, lstat).
 * Throws EACCES for what lies outside `folders`, which are real paths, and ENOENT where the parent is missing.
 */
export async function confine(path: string, folders: readonly string[], follow: boolean): Promise<string> {
  const wanted = resolve(folders[0] ?? '/', path)
  if (folders.includes(wanted)) return wanted
  const real =
    (follow ? await realpathIfThere(wanted) : null) ??
    join(await realpathOf(dirname(wanted), folders), basename(wanted))
  if (!isInside(real, folders)) throw outside(path)
  return real
}

async function realpathOf(folder: string, folders: readonly string[]): Promise<string> {
  // A folder that is not there says nothing about what lies outside.
  if (!isInside(folder, folders)) throw outside(folder)
  return realpath(folder)
}

async function realpathIfThere(path: string): Promise<string | null> {
  try {
    return await realpath(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    // A dangling link would be followed when the file is created.
    const isLink = await lstat(path).then(
      (entry) => entry.isSymbolicLink(),
      () => false,
    )
    if (isLink) throw outside(path)
    return null
  }
}

function isInside(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path === folder || path.startsWith(folder + sep))
}

function outside(path: string): Error {
  return Object.assign(new Error(`${path} is outside of the host's folder`), { code: 'EACCES' })
}
