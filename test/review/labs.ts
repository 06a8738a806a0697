/** The example lab and variants of it, rendered. */
import { renderers } from '../../renderers/index.ts'
import { renderLab } from '../../scripts/lib/bundle/render.ts'
import type { Rendering } from '../../scripts/lib/bundle/rendering.ts'
import { define } from '../../scripts/lib/definition/definition.ts'
import { readSources, type Source } from '../../scripts/lib/definition/source.ts'

/** The example lab, or a variant of it. */
export async function example(change: (text: string) => string): Promise<Rendering> {
  const sources = await readSources(new URL('../../lab', import.meta.url).pathname)
  return renderedFrom(sources.map((source) => ({ ...source, text: change(source.text) })))
}

export function renderedFrom(sources: readonly Source[]): Rendering {
  const { lab, problems } = define(sources, 'lab', renderers)
  if (lab === null) throw new Error(problems.map((problem) => problem.message).join('; '))
  return renderLab(lab, renderers, {}).rendering
}

/** The example lab with every secret as `fingerprint` says, once the text of its files is changed. */
export async function withSecrets(
  fingerprint: string,
  change = (text: string) => text,
  secret = 'keepalived.services.password',
): Promise<Rendering> {
  const sources = await readSources(new URL('../../lab', import.meta.url).pathname)
  const { lab } = define(
    sources.map((source) => ({ ...source, text: change(source.text) })),
    'lab',
    renderers,
  )
  if (lab === null) throw new Error('the example lab has errors')
  const { secrets } = renderLab(lab, renderers, {}).rendering
  const fingerprints = Object.keys(secrets).map((id) => [id, id === secret ? fingerprint : 'x'])
  return renderLab(lab, renderers, Object.fromEntries(fingerprints)).rendering
}
