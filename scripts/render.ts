/** `quorate render`: every host's bundle, as folders or as one JSON document. */
import { resolve } from 'node:path'
import { sortedKeys } from './lib/bundle/canonical.ts'
import { requireRendering } from './lib/bundle/lab-rendering.ts'
import { onlyHosts } from './lib/bundle/only-hosts.ts'
import { writeBundles } from './lib/bundle/write.ts'
import { loadRenderers } from './lib/definition/registry.ts'
import { FailureError, type Exit } from './lib/failure.ts'
import { repoRootOf } from './lib/roots.ts'
import type { Terminal } from './terminal.ts'

export interface RenderOptions {
  /** The lab's folder. */
  readonly lab: string
  /** The folder to write to. */
  readonly out?: string
  /** These hosts only; none: all. */
  readonly host: readonly string[]
  readonly json: boolean
}

/** Renders the lab and writes or prints what its hosts should hold. */
export async function render(options: RenderOptions, terminal: Terminal): Promise<Exit> {
  if (options.out === undefined && !options.json) throw nowhere
  const lab = resolve(options.lab)
  const repoRoot = repoRootOf(lab)
  const whole = await requireRendering(lab, repoRoot, await loadRenderers(repoRoot), terminal)
  const rendering = onlyHosts(whole, options.host)
  if (options.out !== undefined) {
    const files = await writeBundles(rendering, resolve(options.out))
    terminal.note(`${files} files of ${Object.keys(rendering.hosts).length} hosts written to ${options.out}\n`)
  }
  if (options.json) terminal.out(`${JSON.stringify(sortedKeys(rendering))}\n`)
  return 0
}

const nowhere = new FailureError(
  {
    what: 'render was not told where to write to',
    where: 'command line',
    now: 'nothing was written',
    next: 'give --out DIR, or --json for one document on standard output',
  },
  2,
)
