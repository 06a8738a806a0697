import { readSources } from '../../scripts/lib/definition/source.ts'
import { define } from '../../scripts/lib/definition/definition.ts'
import { renderers } from '../../renderers/index.ts'
import type { Lab } from '../../renderers/renderer.ts'

/** The labs that renderers are held against, by the name of their goldens. */
export const labFolders = {
  example: 'lab',
  pair: 'test/labs/pair',
  duo: 'test/labs/duo',
  watched: 'test/labs/watched',
  front: 'test/labs/front',
} as const

/** The lab in a folder of this repository; throws with its problems where it has an error. */
export async function labIn(name: keyof typeof labFolders): Promise<Lab> {
  const folder = new URL(`../../${labFolders[name]}`, import.meta.url).pathname
  const { lab, problems } = define(await readSources(folder), labFolders[name], renderers)
  if (lab === null) throw new Error(JSON.stringify(problems, null, 2))
  return lab
}
