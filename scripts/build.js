// Builds quorate from its sources into dist/<fingerprint>/, once per content of the sources.
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const top = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(top, 'dist')
/** Builds of other contents that are kept: a running quorate still loads its verbs from one. */
const kept = 4
const entries = { quorate: 'scripts/quorate.ts', renderer: 'renderers/renderer.ts', renderers: 'renderers/index.ts' }
const sources = ['lab.schema.json', 'package-lock.json', 'package.json', 'renderers', 'scripts']

/** Builds where nobody has built these sources before. @returns {Promise<string>} the URL of the entry */
export async function freshBuild() {
  for (;;) {
    const name = fingerprint()
    const folder = join(dist, name)
    // A source that is saved meanwhile makes another build; this one would carry the wrong name.
    if (!existsSync(folder)) await build(folder, () => fingerprint() === name)
    if (existsSync(folder)) return pathToFileURL(join(folder, 'quorate.js')).href
  }
}

/** Builds dist/ as it is published: one build and the files that package.json's exports name. */
export async function publishedBuild() {
  rmSync(dist, { recursive: true, force: true })
  await freshBuild()
  for (const entry of Object.keys(entries)) {
    writeFileSync(join(dist, `${entry}.js`), `export * from './${fingerprint()}/${entry}.js'\n`)
  }
}

/** Of the content of all sources, in an order that no file system decides. */
function fingerprint() {
  const hash = createHash('sha256').update(process.version)
  for (const file of sources.flatMap((name) => filesOf(join(top, name))).toSorted()) {
    const content = readFileSync(file)
    hash.update(`${relative(top, file).split(sep).join('/')}\0${content.length}\0`).update(content)
  }
  return hash.digest('hex').slice(0, 16)
}

/** Goldens are read by tests only. @param {string} path @returns {string[]} */
function filesOf(path) {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return []
  if (!stat.isDirectory()) return [path]
  return readdirSync(path).flatMap((name) => (name === 'golden' ? [] : filesOf(join(path, name))))
}

/**
 * Whole or not at all: two launchers that build at once do not see each other's half.
 * @param {string} folder @param {() => boolean} isStillWanted
 */
async function build(folder, isStillWanted) {
  const { build: bundle } = await import('esbuild')
  const half = join(dist, `.half-${randomUUID()}`)
  try {
    const { metafile } = await bundle({
      absWorkingDir: top,
      entryPoints: entries,
      outdir: half,
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      // What is inside starts a sixth faster; these have native parts, or are loaded by few runs.
      external: ['@actions/core', 'esbuild', 'ssh2', 'ssh2-sftp-client'],
      banner: { js: "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);" },
      minifySyntax: true,
      minifyWhitespace: true,
      legalComments: 'none',
      metafile: true,
      // A chunk is a neighbour of the entries: lib/definition/registry.ts relies on it.
      chunkNames: '[name]-[hash]',
      logLevel: 'silent',
      plugins: [textFiles],
    })
    writeFileSync(join(half, 'licences.txt'), licencesOf(Object.keys(metafile.inputs)))
    if (!isStillWanted()) return
    keep(half, folder)
    prune(folder)
  } finally {
    rmSync(half, { recursive: true, force: true })
  }
}

/** Templates and the host side: `export default { name, text }`. @type {import('esbuild').Plugin} */
const textFiles = {
  name: 'text-files',
  setup(plugin) {
    plugin.onLoad({ filter: /\.(njk|sh|py)$/ }, ({ path }) => {
      const name = relative(top, path).split(sep).join('/')
      const text = readFileSync(path, 'utf8')
      return { contents: `export default ${JSON.stringify({ name, text })}`, loader: 'js' }
    })
  },
}

/** The licences of the packages that went into a build. @param {string[]} inputs */
function licencesOf(inputs) {
  const packages = inputs.flatMap((input) => /.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? [])
  return [...new Set(packages)]
    .toSorted()
    .map((folder) => {
      const file = readdirSync(join(top, folder)).find((name) => /^licen[cs]e/i.test(name))
      const text = file === undefined ? 'see its package.json' : readFileSync(join(top, folder, file), 'utf8')
      return `${folder.replace(/.*node_modules\//, '')}\n\n${text}`
    })
    .join(`\n${'-'.repeat(80)}\n`)
}

/** @param {string} half @param {string} folder */
function keep(half, folder) {
  mkdirSync(dist, { recursive: true })
  try {
    renameSync(half, folder)
  } catch (error) {
    // Another launcher was first, with the same sources.
    if (!existsSync(folder)) throw error
  }
}

/** @param {string} current */
function prune(current) {
  const builds = readdirSync(dist)
    .filter((name) => /^[0-9a-f]{16}$/.test(name))
    .map((name) => join(dist, name))
    .filter((folder) => folder !== current)
    .map((folder) => ({ folder, time: statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .toSorted((a, b) => b.time - a.time)
  for (const { folder } of builds.slice(kept)) rmSync(folder, { recursive: true, force: true })
}
