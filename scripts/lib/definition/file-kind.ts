/** What a file in the lab's folder is for, by its path. */
import { nearest } from '../../../renderers/nearest.ts'

export type FileKind =
  /** Checked against a definition of the schema: `def` is "lab", "networks", "node", "guest" or a service's name. */
  | {
      readonly kind: 'definition'
      readonly def: string
      readonly of: 'lab' | 'networks' | 'node' | 'guest' | 'service'
    }
  | { readonly kind: 'secrets' }
  /** The user's own file, or the pinned host keys. */
  | { readonly kind: 'text' }
  | { readonly kind: 'unexpected'; readonly meant: string | null }

const folders: Readonly<Record<string, 'node' | 'guest' | 'service'>> = {
  guests: 'guest',
  nodes: 'node',
  services: 'service',
}

/** Sorts a path, relative to the lab's folder, into its kind. */
export function fileKind(path: string): FileKind {
  if (path === 'lab.yaml' || path === 'networks.yaml') {
    const of = path === 'lab.yaml' ? 'lab' : 'networks'
    return { kind: 'definition', def: of, of }
  }
  if (path === 'secrets.yaml') return { kind: 'secrets' }
  if (path === 'known_hosts' || path.startsWith('files/')) return { kind: 'text' }
  const [folder = '', file = '', ...deeper] = path.split('/')
  const of = Object.hasOwn(folders, folder) ? folders[folder] : undefined
  if (of === undefined || deeper.length > 0 || !file.endsWith('.yaml'))
    return { kind: 'unexpected', meant: meant(path) }
  return { kind: 'definition', def: of === 'service' ? file.slice(0, -'.yaml'.length) : of, of }
}

/** The name that a file of nodes/, guests/ or services/ gives to what it defines. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1, -'.yaml'.length)
}

function meant(path: string): string | null {
  const parts = path.split('/')
  const file = parts.at(-1)!.replace(/\.(yml|json|ya?ml~|yaml\.\w+)$/i, '.yaml')
  if (parts.length === 1) return nearest(file, ['lab.yaml', 'networks.yaml', 'secrets.yaml', 'known_hosts'])
  const folder = nearest(parts[0]!, [...Object.keys(folders), 'files'])
  if (folder === 'files') return ['files', ...parts.slice(1)].join('/')
  return folder === null || !file.endsWith('.yaml') ? null : `${folder}/${file}`
}
