/** What a machine holds when it is over: the files of before, or those of after. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fill, type Secrets } from '../bundle/fill.ts'
import type { FileManifest, Rendering } from '../bundle/rendering.ts'
import type { Twin } from './twin.ts'

export interface Sided {
  readonly rendering: Rendering
  readonly secrets: Secrets
}

/** "new" or "old" where every file that the two sides hold differently is one side's, "unchanged" where there is none; else the paths. */
async function heldBy(host: string, root: string, before: Sided, after: Sided): Promise<string> {
  const paths = [...new Set([...files(before, host).keys(), ...files(after, host).keys()])].toSorted()
  const held: { readonly path: string; readonly is: 'old' | 'new' | 'neither' }[] = []
  for (const path of paths) {
    const [old, now] = [expected(before, host, path), expected(after, host, path)]
    if (old?.source === now?.source) continue
    const content = await readFile(join(root, path), 'utf8').catch(() => null)
    held.push({ path, is: matches(now, content) ? 'new' : matches(old, content) ? 'old' : 'neither' })
  }
  const kinds = new Set(held.map(({ is }) => is))
  if (kinds.size === 0) return 'unchanged'
  if (kinds.size === 1 && !kinds.has('neither')) return held[0]?.is ?? 'unchanged'
  return `mixed: ${held.map(({ path, is }) => `${path} ${is}`).join(', ')}`
}

function files({ rendering }: Sided, host: string): ReadonlyMap<string, FileManifest> {
  const parts = rendering.hosts[host]?.parts ?? []
  // What a twin's nodes share is not on a node's own disk.
  const own = parts.flatMap((part) => part.files).filter(({ store }) => store === 'disk')
  return new Map(own.map((file) => [file.path, file]))
}

/** The text as it must be, whatever number the cluster has come to; null: no such file. */
function expected(side: Sided, host: string, path: string): RegExp | null {
  const file = files(side, host).get(path)
  const text = file === undefined ? undefined : side.rendering.contents[file.content]
  if (text === undefined) return null
  const pieces = text.map((piece, index) => {
    if (typeof piece !== 'string' && 'serial' in piece) return String.raw`\d+`
    const next = text[index + 1]
    const filled = fill(typeof next === 'string' ? [piece, next] : [piece], side.secrets, {})
    const own = typeof piece === 'string' ? piece : filled.slice(0, typeof next === 'string' ? -next.length : undefined)
    return own.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
  })
  return new RegExp(`^${pieces.join('')}$`)
}

function matches(expectation: RegExp | null, content: string | null): boolean {
  if (expectation === null || content === null) return expectation === null && content === null
  return expectation.test(content)
}

/** What each machine of either side holds, by host. */
export async function heldByAll(
  { machine }: Pick<Twin, 'machine'>,
  { before, after }: { readonly before: Sided; readonly after: Sided },
): Promise<Readonly<Record<string, string>>> {
  const hosts = Object.keys({ ...before.rendering.hosts, ...after.rendering.hosts })
  const held = hosts.map(async (host) => [host, await heldBy(host, machine(host).root, before, after)] as const)
  return Object.fromEntries(await Promise.all(held))
}
