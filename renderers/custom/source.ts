import type { Host, Lab } from '../renderer.ts'

/** The source, below lab/files/, of a host's file: the host's own before its tags', these before the nodes' or guests', these before all's. */
export function sourceOf(lab: Lab, host: Host, path: string): string | null {
  return candidates(host, path).find((source) => lab.files[source] !== undefined) ?? null
}

/** Where a source is looked for, the most specific first. With ".njk" it is a template. */
export function candidates(host: Host, path: string): readonly string[] {
  const owners = [host.name, ...host.tags, `${host.kind}s`, 'all']
  return owners.flatMap((owner) => [`${owner}${path}`, `${owner}${path}.njk`])
}
