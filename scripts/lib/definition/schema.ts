/** The definition's whole shape, lab.schema.json: the base kinds' schema and every service's own, in one document. */
import type { Renderer } from '../../../renderers/renderer.ts'
import base from './base.schema.json' with { type: 'json' }

type Tree = { readonly [key: string]: unknown }

/**
 * JSON Schema 2020-12 with one entry below $defs per kind of file: "lab", "networks", "node", "guest" and each service's name. The $defs
 * inside a service's schema become "<service>.<name>", so that two services cannot clash.
 */
export function assembleSchema(renderers: readonly Pick<Renderer, 'service' | 'schema'>[]): Tree {
  const defs: Record<string, unknown> = { ...base.$defs }
  for (const { service, schema } of renderers.toSorted((a, b) => (a.service < b.service ? -1 : 1))) {
    if (Object.hasOwn(defs, service)) {
      throw new Error(`two definitions want the name "${service}" in lab.schema.json: rename the service`)
    }
    const { $defs, $schema: _dialect, $id: _id, ...own } = schema as Tree
    defs[service] = moved(own, service)
    for (const [name, def] of Object.entries(($defs as Tree | undefined) ?? {})) {
      defs[`${service}.${name}`] = moved(def, service)
    }
  }
  return { ...base, $defs: defs }
}

/** The same schema with its references pointing at where its definitions went. */
function moved(schema: unknown, service: string): unknown {
  if (Array.isArray(schema)) return schema.map((item) => moved(item, service))
  if (schema === null || typeof schema !== 'object') return schema
  const entries = Object.entries(schema).map(([key, value]) => {
    if (key === '$ref' && typeof value === 'string') return [key, movedRef(value, service)]
    return [key, moved(value, service)]
  })
  return Object.fromEntries(entries) as Tree
}

function movedRef(ref: string, service: string): string {
  if (ref === '#') return `#/$defs/${service}`
  return ref.startsWith('#/$defs/') ? ref.replace('#/$defs/', `#/$defs/${service}.`) : ref
}
