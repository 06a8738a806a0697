/** The files of a lab's folder, as text. */
import { lstat, readdir, readFile, realpath, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { FailureError } from '../failure.ts'
import { harmless } from './shown.ts'

export interface Source {
  /** Relative to the lab's folder, with "/". */
  readonly path: string
  /** Empty where there is a fault. */
  readonly text: string
  /** Why it could not be read as text. */
  readonly fault?: SourceFault
}

export interface SourceFault {
  readonly rule: 'file-name' | 'file-link' | 'file-kind' | 'file-size' | 'file-text'
  readonly message: string
  readonly help: string
}

/** Bytes. */
const largest = 1024 * 1024
const legalName = /^[A-Za-z0-9._@:+-]+$/

/** Reads every file below the lab's folder, sorted by path. Hidden files are read below files/ only. Throws a FailureError where there is no lab. */
export async function readSources(labFolder: string): Promise<readonly Source[]> {
  const root = await realpath(labFolder).catch((error: unknown) => {
    throw noLab(labFolder, error)
  })
  if (!(await stat(root)).isDirectory()) throw noLab(labFolder)
  const sources = await readFolder(root, '')
  return sources.toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

async function readFolder(root: string, folder: string): Promise<Source[]> {
  const sources: Source[] = []
  for (const name of await readdir(join(root, folder))) {
    const path = folder === '' ? name : `${folder}/${name}`
    if (name.startsWith('.') && !path.startsWith('files/')) continue
    if (!legalName.test(name)) sources.push(illegalName(path))
    else if ((await lstat(join(root, path))).isDirectory()) sources.push(...(await readFolder(root, path)))
    else sources.push(await readSource(root, path))
  }
  return sources
}

async function readSource(root: string, path: string): Promise<Source> {
  const target = await realpath(join(root, path)).catch(() => null)
  const way = target === null ? '..' : relative(root, target)
  if (way === '..' || way.startsWith(`..${sep}`)) return linkOutside(path)
  const facts = await stat(join(root, path))
  if (!facts.isFile()) return noFile(path)
  if (facts.size > largest) return tooLarge(path, facts.size)
  const text = decode(await readFile(join(root, path)))
  return text === null ? noText(path) : { path, text }
}

function decode(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return text.includes('\0') ? null : text
  } catch (error) {
    if (error instanceof TypeError) return null
    throw error
  }
}

function illegalName(path: string): Source {
  const message = `the name ${JSON.stringify(harmless(path))} holds characters that a file of a lab may not have`
  return faulty(harmless(path), 'file-name', message, 'use letters, digits and . _ @ : + - only')
}

function linkOutside(path: string): Source {
  const message = `${path} is a link to nothing, or to something outside the lab's folder`
  return faulty(path, 'file-link', message, "put the file itself here: what is rolled out must be in the lab's history")
}

function noFile(path: string): Source {
  const help = 'put a file here; a link may point at a file of the lab only'
  return faulty(path, 'file-kind', `${path} is neither a file nor a folder`, help)
}

function tooLarge(path: string, size: number): Source {
  const help = 'quorate rolls out configuration; bring large files to the hosts another way, as a package for example'
  return faulty(path, 'file-size', `${path} has ${size} bytes; at most ${largest} are read`, help)
}

function noText(path: string): Source {
  const help = 'save it as UTF-8; binary files cannot be reviewed and are not rolled out'
  return faulty(path, 'file-text', `${path} is not UTF-8 text`, help)
}

function faulty(path: string, rule: SourceFault['rule'], message: string, help: string): Source {
  return { path, text: '', fault: { rule, message, help } }
}

function noLab(labFolder: string, cause?: unknown): FailureError {
  const failure = {
    what: `there is no lab in ${labFolder}`,
    where: labFolder,
    now: 'nothing was read',
    next: 'name the folder that holds lab.yaml with --lab DIR',
  }
  return new FailureError(failure, 2, { cause })
}
