/** Loads templates and shell scripts as the build does: `export default { name, text }`. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { relative } from 'node:path'

const top = fileURLToPath(new URL('..', import.meta.url))

/** @type {import('node:module').LoadHook} */
export async function load(url, context, next) {
  if (!/\.(njk|sh|py)(\?|$)/.test(url)) return next(url, context)
  const path = fileURLToPath(url)
  const file = { name: relative(top, path), text: await readFile(path, 'utf8') }
  return { format: 'module', shortCircuit: true, source: `export default ${JSON.stringify(file)}` }
}
