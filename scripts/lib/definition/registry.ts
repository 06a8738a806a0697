/** The renderers that a lab is rendered with: its own repository's registry where there is one, else quorate's. */
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, realpathSync, renameSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join, relative, resolve, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { BuildOptions, Plugin } from 'esbuild'
import type { Renderer } from '../../../renderers/renderer.ts'
import { FailureError } from '../failure.ts'
import { packageRoot } from '../roots.ts'

/**
 * The registry in <repoRoot>/renderers/index.ts, or quorate's own where that repository has none. A registry of the user's own is built
 * with his esbuild into <repoRoot>/node_modules/.cache/quorate/; in it "quorate/renderer" and "quorate/renderers" are the running quorate.
 * Its code is run: call this for a revision that is trusted, or with nothing to lose in the environment.
 */
export async function loadRenderers(repoRoot: string): Promise<readonly Renderer[]> {
  const registry = join(repoRoot, 'renderers', 'index.ts')
  if (realpathSync(repoRoot) === realpathSync(packageRoot) || !existsSync(registry)) {
    return (await import('../../../renderers/index.ts')).renderers
  }
  const built = keep(repoRoot, await build(repoRoot, registry))
  const { renderers } = (await importBuilt(built, registry)) as { renderers?: readonly Renderer[] }
  if (Array.isArray(renderers)) return renderers
  throw unusable(registry, 'it exports no list named "renderers"')
}

async function build(repoRoot: string, registry: string): Promise<Uint8Array> {
  const bundle = await esbuildFor(registry)
  const options = {
    entryPoints: [registry],
    absWorkingDir: repoRoot,
    write: false,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    logLevel: 'silent',
    plugins: [quorateItself, textFiles(repoRoot)],
  } satisfies BuildOptions
  try {
    const { outputFiles } = await bundle(options)
    return outputFiles[0]?.contents ?? new Uint8Array()
  } catch (error) {
    throw unusable(registry, error instanceof Error ? error.message : String(error), error)
  }
}

async function esbuildFor(registry: string) {
  try {
    return (await import('esbuild')).build
  } catch (error) {
    throw new FailureError(
      {
        what: 'renderers of your own are built with esbuild, and it is not installed',
        where: registry,
        now: 'nothing was read or changed',
        next: 'npm install --save-dev esbuild',
      },
      2,
      { cause: error },
    )
  }
}

/** The file, named by its content, so that runs side by side never see each other's half. */
function keep(repoRoot: string, content: Uint8Array): string {
  const folder = join(repoRoot, 'node_modules', '.cache', 'quorate')
  const file = join(folder, `renderers-${createHash('sha256').update(content).digest('hex').slice(0, 16)}.mjs`)
  if (existsSync(file)) return file
  mkdirSync(folder, { recursive: true })
  const half = join(folder, `.half-${randomUUID()}`)
  writeFileSync(half, content)
  renameSync(half, file)
  return file
}

async function importBuilt(built: string, registry: string): Promise<unknown> {
  try {
    return await import(pathToFileURL(built).href)
  } catch (error) {
    throw unusable(registry, error instanceof Error ? error.message : String(error), error)
  }
}

function unusable(registry: string, why: string, cause?: unknown): FailureError {
  return new FailureError(
    {
      what: `the registry of renderers cannot be used: ${why}`,
      where: registry,
      now: 'nothing was rendered or changed',
      next: 'mend the registry; CONTRIBUTING of quorate shows one',
    },
    1,
    { cause },
  )
}

/** One copy of the interface: the running one. The build puts every chunk beside these two. */
const quorateItself: Plugin = {
  name: 'quorate-itself',
  setup(plugin) {
    plugin.onResolve({ filter: /^quorate\/renderers?$/ }, ({ path }) => ({ path: own(basename(path)), external: true }))
  },
}

function own(name: string): string {
  if (import.meta.url.endsWith('.js')) return new URL(`./${name}.js`, import.meta.url).href
  return new URL(`../../../renderers/${name === 'renderers' ? 'index' : name}.ts`, import.meta.url).href
}

function textFiles(repoRoot: string): Plugin {
  return {
    name: 'text-files',
    setup(plugin) {
      plugin.onLoad({ filter: /\.(njk|sh|py)$/ }, async ({ path }) => {
        const name = relative(resolve(repoRoot), path).split(sep).join('/')
        const file = { name, text: await readFile(path, 'utf8') }
        return { contents: `export default ${JSON.stringify(file)}`, loader: 'js' }
      })
    },
  }
}
