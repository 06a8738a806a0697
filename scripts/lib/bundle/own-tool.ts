/** Renders a work tree by the quorate that it was written for, in a process of its own that has no secret in its environment. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { FailureError } from '../failure.ts'
import { sha256 } from './canonical.ts'
import type { Rendering } from './rendering.ts'

export interface OwnToolRequest {
  /** The repository whose packages are installed. */
  readonly repoRoot: string
  /** The work tree's counterpart of repoRoot, below repoRoot/node_modules, so that packages are found upward. */
  readonly root: string
  /** The lab's folder in the work tree. */
  readonly lab: string
  readonly commit: string
}

const run = promisify(execFile)
const renderTimeoutMs = 120_000
const installTimeoutMs = 600_000
const mostBytes = 256 * 1024 * 1024

/** The rendering, or null where the work tree neither is quorate nor depends on it. Throws a FailureError (exit 1). */
export async function renderByOwnTool(request: OwnToolRequest): Promise<Rendering | null> {
  const tool = await toolOf(request.root)
  if (tool === null) return null
  await provideModules(request)
  const script = [request.root, request.repoRoot].map((folder) => join(folder, tool)).find(existsSync)
  if (script === undefined) throw failure(request, `${tool} is not there`, 'run npm ci, then again')
  const home = await mkdtemp(join(tmpdir(), 'quorate-base-'))
  try {
    const env = { PATH: process.env['PATH'], HOME: home, NO_COLOR: '1' }
    const args = [script, 'render', '--json', '--lab', request.lab]
    const options = { cwd: request.root, env, timeout: renderTimeoutMs, maxBuffer: mostBytes }
    const { stdout } = await run(process.execPath, args, options).catch((error: unknown) => {
      throw failure(request, `its own quorate says: ${lastWords(error)}`, 'name another base with --base REV', error)
    })
    return parsed(request, stdout)
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

/** Relative to the work tree, or to the repository around it. */
async function toolOf(root: string): Promise<string | null> {
  const file = join(root, 'package.json')
  if (!existsSync(file)) return null
  const { name, dependencies, devDependencies } = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>
  const launcher = join('scripts', 'launcher.js')
  if (name === 'quorate') return existsSync(join(root, launcher)) ? launcher : null
  const all = { ...(dependencies as object | undefined), ...(devDependencies as object | undefined) }
  return Object.hasOwn(all, 'quorate') ? join('node_modules', 'quorate', launcher) : null
}

/** Where the lock files differ, the packages of the work tree's own, installed once per lock file. */
async function provideModules({ repoRoot, root, commit }: OwnToolRequest): Promise<void> {
  const [own, current] = await Promise.all([root, repoRoot].map(lockFile))
  if (own === null || own === undefined || own === current) return
  const installed = join(repoRoot, 'node_modules', '.cache', 'quorate', 'modules', sha256(own))
  if (!existsSync(installed)) await install(root, installed, commit)
  await symlink(join(installed, 'node_modules'), join(root, 'node_modules'))
}

/** Whole or not at all: renamed into place when npm is done. */
async function install(root: string, target: string, commit: string): Promise<void> {
  await mkdir(join(target, '..'), { recursive: true })
  const half = await mkdtemp(`${target}-`)
  try {
    for (const name of ['package.json', 'package-lock.json', '.npmrc']) {
      if (existsSync(join(root, name))) await cp(join(root, name), join(half, name))
    }
    // No script of any package runs; the user's own npm settings, in his home, say where packages come from.
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'] }
    const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
    const options = { cwd: half, env, timeout: installTimeoutMs, maxBuffer: mostBytes }
    await run('npm', args, options).catch((error: unknown) => {
      const next = 'see that its package-lock.json can be installed, or name another base with --base REV'
      throw failure({ commit }, `its packages cannot be installed: ${lastWords(error)}`, next, error)
    })
    await rename(half, target).catch((error: unknown) => {
      // Somebody else was quicker.
      if (!existsSync(target)) throw error
    })
  } finally {
    await rm(half, { recursive: true, force: true })
  }
}

async function lockFile(folder: string): Promise<string | null> {
  const file = join(folder, 'package-lock.json')
  return existsSync(file) ? await readFile(file, 'utf8') : null
}

function parsed(request: OwnToolRequest, text: string): Rendering {
  const next = 'name another base with --base REV'
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw failure(request, 'its own quorate printed no JSON', next, error)
  }
  if (isRendering(value)) return value
  const { format } = (value ?? {}) as { format?: unknown }
  throw failure(request, `its own quorate printed a rendering of format ${JSON.stringify(format)}, not 1`, next)
}

function isRendering(value: unknown): value is Rendering {
  if (!isMap(value)) return false
  const { format, lab, hosts, contents, secrets }: Partial<Record<keyof Rendering, unknown>> = value
  return format === 1 && typeof lab === 'string' && [hosts, contents, secrets].every(isMap)
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function lastWords(error: unknown): string {
  const { stderr, message } = error as { stderr?: unknown; message: string }
  const words = typeof stderr === 'string' && stderr.trim() !== '' ? stderr.trim() : message
  return words.slice(-2000).replaceAll(/[^\P{Cc}\n]/gu, '')
}

function failure(
  { commit }: Pick<OwnToolRequest, 'commit'>,
  what: string,
  next: string,
  cause?: unknown,
): FailureError {
  const where = `revision ${commit.slice(0, 7)}`
  return new FailureError(
    { what: `${where} cannot be rendered: ${what}`, where, now: 'nothing was compared', next },
    1,
    { cause },
  )
}
