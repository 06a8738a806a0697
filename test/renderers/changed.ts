import type { Json, Lab } from '../../renderers/renderer.ts'

/** A copy of the lab with one value replaced; the way down to it has to be there. Undefined takes a key out. */
export function changed(lab: Lab, path: readonly (string | number)[], value: Json | undefined): Lab {
  const copy = structuredClone(lab)
  let at: unknown = copy
  for (const step of path.slice(0, -1)) at = (at as Record<string, unknown>)[step]
  const last = path.at(-1)
  if (typeof at !== 'object' || at === null || last === undefined) throw new Error(`there is no ${path.join('.')}`)
  if (value === undefined) delete (at as Record<string, unknown>)[last]
  else (at as Record<string, unknown>)[last] = value
  return copy
}
