/** Writes lab.schema.json from the base kinds and the services; for maintainers (npm run schema). */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { renderers } from '../renderers/index.ts'
import { assembleSchema } from './lib/definition/schema.ts'
import { packageRoot } from './lib/roots.ts'

const file = join(packageRoot, 'lab.schema.json')
const text = JSON.stringify(assembleSchema(renderers), null, 2)
writeFileSync(file, await format(text, { ...(await resolveConfig(file)), filepath: file }))
